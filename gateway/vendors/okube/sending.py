"""One write at a time: checked, sent once, and its answer read. Knows no noun of Okube.

Never repeats a request (rules.md 31). What the caller must mend is returned, everything else raised.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from gateway.domain.errors import Malformed, Rejected
from gateway.domain.files import File
from gateway.domain.vendor import VendorKey
from gateway.domain.writing import Imported, UserError, Written
from gateway.upstream.decode import decode
from gateway.upstream.exchange import Answer
from gateway.vendors.okube import bulk, forms
from gateway.vendors.okube.caller import Caller
from gateway.vendors.okube.refusals import user_errors

Document = TypeVar("Document")
Record = TypeVar("Record")
Members: TypeAlias = Mapping[str, Any]


class Noun(msgspec.Struct, Generic[Document, Record], frozen=True):
    """How one noun is written: its routes, the place of the id in them, what comes back, and how to look it up."""

    create: str
    update: str
    place: str
    document: type[Document]
    record: Callable[[Document, str], Record]
    again: Callable[[str | None, str], Awaitable[Record | None]]


class Item(msgspec.Struct, frozen=True):
    """One draft, ready to send: `faults` found before asking keep it from being sent."""

    members: Members
    faults: Sequence[UserError] = ()
    key: str | None = None
    files: Mapping[str, File] = {}


class Sender:
    """Sends what `writes` has prepared."""

    vendor = VendorKey.OKUBE

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def create(self, noun: Noun[Document, Record], application: str | None, item: Item) -> Written[Record]:
        if item.faults:
            return Written([None], tuple(item.faults))
        app = await self._caller.application(application)
        members = self._placed(noun.create, app, item.members)
        body = forms.multipart(members, item.files) if item.files else forms.json(members)
        try:
            answer = await self._caller.write(noun.create, {"app": app}, body)
        except Rejected as refusal:
            return Written([None], _mendable(refusal, "application"))
        record: Record = await self._record(noun, answer, app, item.key)
        return Written([record])

    async def update(
        self, noun: Noun[Document, Record], application: str | None, reference: str, item: Item
    ) -> Written[Record]:
        if item.faults:
            return Written([None], tuple(item.faults))
        app = await self._caller.application(application)
        body = forms.multipart(item.members, item.files) if item.files else forms.json(item.members)
        try:
            answer = await self._caller.write(noun.update, {"app": app, noun.place: reference}, body)
        except Rejected as refusal:
            return Written([None], _mendable(refusal, "id"))
        record: Record = await self._record(noun, answer, app, reference)
        return Written([record])

    async def create_several(
        self, noun: Noun[Document, Record], name: str, application: str | None, items: Sequence[Item]
    ) -> Written[Record]:
        """One is sent as an object, several as a list (rules.md 26); those with faults stay behind.

        `name` is the member of the input that holds the list.
        """
        records: list[Record | None] = [None] * len(items)
        errors = [
            UserError(fault.code, fault.message, (name, str(index), *fault.path))
            for index, item in enumerate(items)
            for fault in item.faults
        ]
        sent = [index for index, item in enumerate(items) if not item.faults]
        if not sent:
            return Written(records, tuple(errors))
        app = await self._caller.application(application)
        bodies = [self._placed(noun.create, app, items[index].members) for index in sent]
        try:
            body = forms.json(bodies if len(bodies) > 1 else bodies[0])
            answer = await self._caller.write(noun.create, {"app": app}, body)
        except Rejected as refusal:
            refused = bulk.refused(refusal, name, sent)
            if refused is None:
                raise
            return Written(records, (*errors, *refused))
        keys = [str(items[index].key) for index in sent]
        if not answer.body:
            for index, key in zip(sent, keys, strict=True):
                record: Record = await self._record(noun, answer, app, key)
                records[index] = record
            return Written(records, tuple(errors))
        for index, found in zip(sent, bulk.items(decode(self.vendor, answer, object), keys), strict=True):
            if found is None or "_id" not in found:
                errors += bulk.complaint(found, (name, str(index)))
            else:
                records[index] = self._converted(noun, found)
        return Written(records, tuple(errors))

    async def imported(
        self, route: str, application: str | None, members: Members, file: File, faults: Sequence[UserError]
    ) -> Imported:
        if faults:
            return Imported(accepted=False, errors=tuple(faults))
        app = await self._caller.application(application)
        body = forms.multipart(self._placed(route, app, members), {"file": file})
        try:
            answer = await self._caller.write(route, {"app": app}, body)
        except Rejected as refusal:
            return Imported(accepted=False, result=refusal.body, errors=_mendable(refusal, "application"))
        return Imported(accepted=True, result=_as_sent(answer))

    def _placed(self, route: str, app: str, members: Members) -> Members:
        """`app` stands in the body only where the path does not name the application (quirk O8)."""
        return members if self._caller.takes(route, "app") else {"app": app, **members}

    async def _record(self, noun: Noun[Document, Record], answer: Answer, app: str, reference: str | None) -> Record:
        """The record as the vendor answers it, else as it reads back: 204 is documented for writes too."""
        if answer.body:
            return noun.record(decode(self.vendor, answer, noun.document), "$")
        found: Record | None = await noun.again(app, reference) if reference else None
        if found is None:
            raise Malformed(self.vendor, "Okube took the write and does not show the record.", status=answer.status)
        return found

    def _converted(self, noun: Noun[Document, Record], item: Mapping[str, object]) -> Record:
        try:
            return noun.record(msgspec.convert(item, noun.document), "$")
        except msgspec.ValidationError:
            raise Malformed(self.vendor, "Okube answered with a record of another shape.", member="$[...]") from None


def _as_sent(answer: Answer) -> object:
    """JSON, else text, else nothing: what an import answers is not documented, and it was accepted all the same."""
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return answer.body.decode("utf-8", "replace") or None


def _mendable(refusal: Rejected, missing: str) -> tuple[UserError, ...]:
    """What the caller must mend; raises the refusal again where that would not help."""
    errors = user_errors(refusal, missing=missing)
    if errors is None:
        raise refusal
    return errors
