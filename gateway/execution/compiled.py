"""The executor: generated functions for what is plain data, the reference executor for everything else.

Its answers are those of the reference to the last error: a plan that meets a surprise has done nothing yet, and the
reference does that subtree again. Long lists are completed in turns, so that nobody else waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from time import perf_counter
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    OperationType,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet, collect_fields
from graphql.execution.executor import CollectedErrors, to_nodes
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path, gather_with_cancel
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.arguments import convert_arguments

from gateway.domain.columned import COLUMNED
from gateway.execution.plans import LONG, TURN, Deferred, Plan, Plans, Slot, TooLong
from gateway.execution.rows import Infos
from gateway.execution.straight import Straight, straight
from gateway.execution.writer import write

WORTH_WRITING = 32
"""Rows that make a plan worth its writing (about a millisecond) at first sight."""

_SURPRISED = object()

Call = tuple[GraphQLOutputType, FieldDetailsList, GraphQLResolveInfo[Any], Path, Any, Any]
"""The arguments of the executor's methods: type, fields, info, path, value, position."""


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """Without `plans` it is the reference executor."""

    def __init__(self, *args: Any, plans: Plans | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = self.error_propagation and self.abort_signal is None and not self.middleware_manager
        self._plans = plans if able else None
        coerced = self.variable_values.coerced
        self._switched = tuple(coerced.get(name) for name in plans.switches) if plans else ()
        self._root: GroupedFieldSet | None = None
        self._straight: dict[int, Straight | None] = {}  # by the fields of the root, which the kept run keeps

    def kept(self) -> CompiledExecutor:
        """What of this run is the same in every other run of the operation, for `again`."""
        kept = self.again(None, VariableValues({}, {}), {})
        # those of the first run would hold on to its context, and to all that its caller was told
        kept.async_helpers = GraphQLResolveInfoHelpers(gather=kept.gather_async_work, track=kept.track_async_work)
        if self._plans is not None and not self._plans.switches:
            kept._relevant_sub_fields, kept._straight = {}, {}  # noqa: SLF001
            kept._root = self._selected()  # noqa: SLF001
        return kept

    def _selected(self) -> GroupedFieldSet | None:
        """The fields of the root of a query; None where they must be looked up anew for every run."""
        root = self.schema.query_type
        if root is None or self.operation.operation is not OperationType.QUERY:
            return None
        try:
            found = collect_fields(
                self.schema, self.fragments, self.variable_values, root, self.operation, self.hide_suggestions
            )
        except RecursionError:
            return None
        return None if found.new_defer_usages else found.grouped_field_set

    def again(self, context: Any, variables: VariableValues, extensions: dict[str, Any]) -> CompiledExecutor:
        """As new, for another run of the same operation: only what is the same in every run is kept."""
        run = object.__new__(type(self))
        run.__dict__.update(self.__dict__)
        run.context_value = context
        run.variable_values = variables
        run.operation_extensions = extensions
        run.collected_errors = CollectedErrors()
        run.pending_incremental_futures, run.background_futures = set(), set()
        run.groups, run.tasks, run.streams = [], [], []
        if self._root is None:  # what is selected is looked up anew, so what was found for it must not pile up
            run._relevant_sub_fields = {}
        if self._plans is not None and self._plans.switches:  # what is selected hangs on the variables
            run._switched = tuple(variables.coerced.get(name) for name in self._plans.switches)
        return run

    def execute_operation(self, serially: bool | None = None) -> Any:
        """As the reference does; what is selected at the root is looked up once for all runs."""
        root = self.schema.query_type
        if self._root is None or root is None:
            return super().execute_operation(serially)
        if len(self._root) == 1:
            ((name, fields),) = self._root.items()
            known = self._straight.get(id(fields))
            if known is not None:
                return self._alone(root, name, fields, known)
        try:
            data: Any = self.execute_fields(root, self.root_value, None, self._root, None)
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            data = None
        return self._responding(data) if self.is_awaitable(data) else self.build_response(data)

    async def _alone(self, root: GraphQLObjectType, name: str, fields: FieldDetailsList, known: Straight) -> Any:
        """The only field of the root, asked straight: what the reference does in four coroutines."""
        path, data = Path(None, name, root.name), None
        try:
            info = self.build_resolve_info(known.definition, to_nodes(fields), root, path)
            type_ = known.definition.type
            try:
                completed = self.complete_value(type_, fields, info, path, await known.ask(info), None)
                if self.is_awaitable(completed):
                    completed = await completed
            except Exception as raw:
                self.handle_field_error(raw, type_, fields, path)
                completed = None
            data = {name: completed}
        except GraphQLError as error:
            self.collected_errors.add(error, None)
        return self.build_response(data)

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: FieldDetailsList, path: Path, position_context: Any
    ) -> Any:
        """As the reference does; a field of the root whose arguments never vary without reading them again."""
        if self._root is None or path.prev is not None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        key = id(field_details_list)
        known = self._straight.get(key, self)
        if known is None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        definition = parent_type.fields.get(field_details_list[0].node.name.value)
        if definition is None:  # __typename and its like
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        info = self.build_resolve_info(definition, to_nodes(field_details_list), parent_type, path)
        if known is self:
            known = self._straight[key] = straight(self.schema, parent_type, field_details_list, info)
            if known is None:
                return super().execute_field(parent_type, source, field_details_list, path, position_context)
        assert isinstance(known, Straight)
        result = known.ask(info)
        return self.complete_awaitable_value(definition.type, field_details_list, info, path, result, position_context)

    def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
        """As the reference, without a coroutine around each of a resolver's where nothing can abort it."""
        return awaitable if self.abort_signal is None else super().with_abort_signal(awaitable)

    async def _responding(self, data: Awaitable[Any]) -> Any:
        try:
            return self.build_response(await data)
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            return self.build_response(None)

    def complete_list_value(self, *call: Any) -> Any:
        """A list as one function, or item by item."""
        return_type, fields, _, path, result, position = call
        if self._plans is not None and result and (type(result) in (list, tuple) or type(result) in COLUMNED):
            plan = self._plan(self._plans, return_type, fields, at_once=len(result) >= WORTH_WRITING)
            if plan is not None:
                done = self._planned(plan, result, path, position, super().complete_list_value, call)
                if done is not _SURPRISED:
                    return done
        return super().complete_list_value(*call)

    def complete_object_value(self, *call: Any) -> Any:
        """An object as one function, or field by field."""
        return_type, fields, _, path, result, position = call
        if self._plans is not None:
            plan = self._plan(self._plans, return_type, fields, at_once=False)
            if plan is not None:
                done = self._planned(plan, result, path, position, super().complete_object_value, call)
                if done is not _SURPRISED:
                    return done
        return super().complete_object_value(*call)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        """Item by item; a long list in turns."""
        if isinstance(items, Sequence) and len(items) > LONG:
            return self._item_by_item(item_type, field_details_list, info, path, items, position_context)
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    # plans ------------------------------------------------------------------------------------------------------

    def _plan(self, plans: Plans, type_: Any, fields: FieldDetailsList, *, at_once: bool) -> Plan | None:
        key = (id(type_), self._switched, *(id(each.node) for each in fields))
        return plans.find(key, lambda: write(self, type_, fields), (fields, type_), at_once=at_once)

    def _planned(self, plan: Plan, value: Any, path: Path, position: Any, reference: Any, call: Any) -> Any:
        rows = [row.of(self.context_value) for row in plan.rows]
        later: list[Deferred] = []
        try:
            done = plan.now(value, path, rows, later)
        except TooLong:
            return self._in_turns(plan, rows, position, reference, call)
        except Exception:  # a plan has no side effects: the reference meets it again, and tells it
            return _SURPRISED
        return self._with(done, later, position) if later else done

    async def _in_turns(self, plan: Plan, rows: list[Any], position: Any, reference: Any, call: Any) -> Any:
        later: list[Deferred] = []
        try:
            done = await plan.in_turns(call[4], call[3], rows, later)
        except Exception:
            done = reference(*call)
        else:
            if later:
                await asyncio.sleep(0)
                done = self._with(done, later, position)
        return await done if self.is_awaitable(done) else done

    # what a plan left for later ---------------------------------------------------------------------------------

    def _with(self, done: Any, later: list[Deferred], position: Any) -> Any:
        """`done` with the deferred fields in it, or a coroutine that gives it."""
        joins: dict[Hashable, list[Deferred]] = {}
        for entry in later:
            if entry[0].together is not None:
                joins.setdefault(entry[0].together, []).append(entry)
        if len(later) > LONG:
            return self._with_many(done, later, joins, position)
        waiting: list[Awaitable[Any]] = []
        try:
            for entry in later:
                self._run(entry, joins, waiting, position)
        except Exception:
            if waiting:
                self.settle_in_background(waiting)
            raise
        return self._settled(done, waiting) if waiting else done

    async def _with_many(self, done: Any, later: list[Deferred], joins: Any, position: Any) -> Any:
        waiting: list[Awaitable[Any]] = []
        until = perf_counter() + TURN
        try:
            for entry in later:
                self._run(entry, joins, waiting, position)
                if perf_counter() > until:
                    await asyncio.sleep(0)
                    until = perf_counter() + TURN
        except BaseException:
            if waiting:
                self.settle_in_background(waiting)
            raise
        return await self._settled(done, waiting)

    def _run(
        self, entry: Deferred, joins: dict[Hashable, list[Deferred]], waiting: list[Awaitable[Any]], position: Any
    ) -> None:
        """Runs one deferred field, or all of its kind at the first of them."""
        slot, out, source, path = entry
        if slot.together is not None:
            entries = joins[slot.together]
            if entries[0] is not entry:
                return
            if slot.joined is None:
                self._mask(entries)
                return
            if len(entries) > 1:
                waiting.append(self._join(entries, position))
                return
        completed = self.execute_field(
            slot.parent, source, slot.fields, Path(path, slot.key, slot.parent.name), position
        )
        if self.is_awaitable(completed):
            waiting.append(_put(out, slot.key, completed))
        else:
            out[slot.key] = completed

    async def _settled(self, done: Any, waiting: list[Awaitable[Any]]) -> Any:
        if len(waiting) == 1:
            await waiting[0]
        elif waiting:
            await gather_with_cancel(*waiting)
        return done

    def _mask(self, entries: list[Deferred]) -> None:
        """The field is null in every row; it is told once, with the count of the rows."""
        slot, _, _, path = entries[0]
        assert slot.row is not None and slot.row.masked is not None  # noqa: PT018
        slot.row.masked(self.context_value, self._info(slot, path), len(entries))

    async def _join(self, entries: list[Deferred], position: Any) -> None:
        """Asks a joined resolver for all objects, and completes what it gives as the reference would."""
        resolve = entries[0][0].joined
        assert resolve is not None
        infos = Infos(lambda index: self._told(*entries[index]), len(entries))
        try:
            arguments = self._arguments(entries[0][0], infos)
            values = await resolve([source for _, _, source, _ in entries], infos, **arguments)
        except Exception as error:
            values = [error] * len(entries)
        waiting: list[Awaitable[Any]] = []
        until = perf_counter() + TURN
        complete = self._completing(entries[0][0], len(entries), position)
        for (slot, out, _, path), value in zip(entries, values, strict=True):
            completed = complete(slot, path, value)
            if self.is_awaitable(completed):
                waiting.append(_put(out, slot.key, self._guarded(slot, path, completed)))
            else:
                out[slot.key] = completed
            if perf_counter() > until:
                await asyncio.sleep(0)
                until = perf_counter() + TURN
        await self._settled(None, waiting)

    def _completing(self, slot: Slot, count: int, position: Any) -> Callable[[Slot, Path, Any], Any]:
        """How each value of a join is completed: what is looked up for one of them is good for all."""
        type_: Any = slot.definition.type
        type_ = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        plan = None
        if self._plans is not None and isinstance(type_, GraphQLObjectType):
            plan = self._plan(self._plans, type_, slot.fields, at_once=count >= WORTH_WRITING)
        if plan is None:
            return lambda slot, path, value: self._completed(slot, path, value, position)
        now, rows = plan.now, [row.of(self.context_value) for row in plan.rows]

        def planned(slot: Slot, path: Path, value: Any) -> Any:
            later: list[Deferred] = []
            try:
                done = now(value, Path(path, slot.key, slot.parent.name), rows, later)
            except Exception:  # a null, an error or too many rows as well
                return self._completed(slot, path, value, position)
            return self._with(done, later, position) if later else done

        return planned

    def _completed(self, slot: Slot, path: Path, value: Any, position: Any) -> Any:
        type_ = slot.definition.type
        if value is None and not isinstance(type_, GraphQLNonNull):
            return None
        own = Path(path, slot.key, slot.parent.name)
        try:
            return self.complete_value(type_, slot.fields, self._info(slot, path), own, value, position)
        except Exception as error:
            self.handle_field_error(error, type_, slot.fields, own)
            return None

    async def _guarded(self, slot: Slot, path: Path, completed: Awaitable[Any]) -> Any:
        try:
            return await completed
        except Exception as error:
            self.handle_field_error(error, slot.definition.type, slot.fields, Path(path, slot.key, slot.parent.name))
            return None

    def _arguments(self, slot: Slot, infos: Infos) -> dict[str, Any]:
        """The arguments of a field as its resolver takes them. Raises what the reference raises for each row."""
        first = slot.fields[0]
        given = get_argument_values(
            slot.definition, first.node, self.variable_values, first.fragment_variable_values, self.hide_suggestions
        )
        info = infos[0]
        converter = info.schema.schema_converter
        return convert_arguments(
            given,
            slot.definition.extensions["strawberry-definition"].arguments,
            scalar_registry=converter.scalar_registry,
            config=converter.config,
            info=info,
        )

    def _info(self, slot: Slot, path: Path) -> Any:
        own = Path(path, slot.key, slot.parent.name)
        return self.build_resolve_info(slot.definition, to_nodes(slot.fields), slot.parent, own)

    def _told(self, slot: Slot, _out: Any, _source: Any, path: Path) -> Any:
        field = slot.definition.extensions["strawberry-definition"]
        config = self.schema._strawberry_schema.config  # type: ignore[attr-defined]  # noqa: SLF001
        return config.info_class(_raw_info=self._info(slot, path), _field=field)

    # long lists -------------------------------------------------------------------------------------------------

    async def _item_by_item(
        self,
        item_type: GraphQLOutputType,
        fields: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Sequence[Any],
        position: Any,
    ) -> list[Any]:
        """As the reference completes a list, in turns."""
        done: list[Any] = []
        waiting: list[int] = []
        until = perf_counter() + TURN
        try:
            for index, item in enumerate(items):
                at = path.add_key(index, None)
                if self.is_awaitable(item):
                    done.append(self.complete_awaitable_list_item_value(item, item_type, fields, info, at, position))
                    waiting.append(index)
                elif self.complete_list_item_value(item, done, item_type, fields, info, at, position):
                    waiting.append(index)
                if perf_counter() > until:
                    await asyncio.sleep(0)
                    until = perf_counter() + TURN
        except BaseException:
            if waiting:
                self.settle_in_background([done[index] for index in waiting])
            raise
        values = await gather_with_cancel(*(done[index] for index in waiting)) if waiting else ()
        for index, value in zip(waiting, values, strict=True):
            done[index] = value
        return done


async def _put(out: dict[str, Any], key: str, value: Awaitable[Any]) -> None:
    out[key] = await value
