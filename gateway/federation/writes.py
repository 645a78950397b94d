"""Writes: drafts checked, sent once through Okube's port, and answered in the order of the input (rules.md 30, 31).

Nothing is ever sent twice: an application is tried after another only where that one does not know the record, which
is an answer. What the caller must mend is returned with its path into the mutation's input, everything else raised.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

import msgspec

from gateway.domain.campaign import Campaign, CampaignDraft
from gateway.domain.files import File
from gateway.domain.okube_site import OkubeSite, SiteDraft, SiteImport
from gateway.domain.point_of_interest import PointOfInterest, PointOfInterestDraft
from gateway.domain.site import Site
from gateway.domain.study import Study, StudyDraft
from gateway.domain.writing import Imported, UserError, UserErrorCode, Written
from gateway.federation import faults
from gateway.federation.directory import Directory
from gateway.federation.faults import Draft
from gateway.federation.supplies import Supplies

D = TypeVar("D", bound=Draft)
R = TypeVar("R")


class Proposal(msgspec.Struct, Generic[D], frozen=True):
    """A draft as far as it could be read, and what is wrong with it already: ids that name nothing."""

    draft: D
    errors: tuple[UserError, ...] = ()


class Writes:
    """Creates, updates and imports. `applications`: those records may lie in; none: the only one there is."""

    def __init__(self, supplies: Supplies, directory: Directory, applications: Sequence[str]) -> None:
        self._supplies = supplies
        self._directory = directory
        self._applications: tuple[str | None, ...] = tuple(applications) or (None,)

    async def create_site(self, application: str | None, draft: SiteDraft) -> Written[Site]:
        port = self._supplies.writes()
        return self._joined(
            await _one(Proposal(draft), lambda good: port.create_site(application, good), creating=True)
        )

    async def update_site(self, reference: str, draft: SiteDraft) -> Written[Site]:
        port = self._supplies.writes()
        return self._joined(
            await self._update(Proposal(draft), lambda app, good: port.update_site(app, reference, good))
        )

    async def import_sites(self, application: str | None, what: SiteImport) -> Imported:
        port, wrong = self._supplies.writes(), faults.of_import(what)
        return Imported(accepted=False, errors=tuple(wrong)) if wrong else await port.import_sites(application, what)

    async def create_point_of_interest(
        self, application: str | None, draft: PointOfInterestDraft
    ) -> Written[PointOfInterest]:
        port = self._supplies.writes()
        return await _one(Proposal(draft), lambda good: port.create_point_of_interest(application, good), creating=True)

    async def update_point_of_interest(self, reference: str, draft: PointOfInterestDraft) -> Written[PointOfInterest]:
        port = self._supplies.writes()
        return await self._update(
            Proposal(draft), lambda app, good: port.update_point_of_interest(app, reference, good)
        )

    async def import_points_of_interest(self, application: str | None, file: File) -> Imported:
        return await self._supplies.writes().import_points_of_interest(application, file)

    async def create_campaigns(
        self, application: str | None, proposals: Sequence[Proposal[CampaignDraft]]
    ) -> Written[Campaign]:
        port = self._supplies.writes()
        return await _several("campaigns", proposals, lambda good: port.create_campaigns(application, good))

    async def update_campaign(self, reference: str, proposal: Proposal[CampaignDraft]) -> Written[Campaign]:
        port = self._supplies.writes()
        return await self._update(proposal, lambda app, good: port.update_campaign(app, reference, good))

    async def create_studies(
        self, application: str | None, proposals: Sequence[Proposal[StudyDraft]]
    ) -> Written[Study]:
        port = self._supplies.writes()
        return await _several("studies", proposals, lambda good: port.create_studies(application, good))

    async def update_study(self, reference: str, proposal: Proposal[StudyDraft]) -> Written[Study]:
        port = self._supplies.writes()
        return await self._update(proposal, lambda app, good: port.update_study(app, reference, good))

    async def _update(
        self, proposal: Proposal[D], send: Callable[[str | None, D], Awaitable[Written[R]]]
    ) -> Written[R]:
        """The application that knows the record takes the change; an id does not say which one that is."""
        written: Written[R] = Written([None])
        for application in self._applications:
            written = await _one(proposal, partial(send, application), creating=False)
            if not any(error.code is UserErrorCode.NOT_FOUND and error.path == ("id",) for error in written.errors):
                break
        return written

    def _joined(self, written: Written[OkubeSite]) -> Written[Site]:
        return Written(
            [self._directory.joined(record) if record else None for record in written.records], written.errors
        )


async def _one(proposal: Proposal[D], send: Callable[[D], Awaitable[Written[R]]], *, creating: bool) -> Written[R]:
    wrong = (*proposal.errors, *faults.of(proposal.draft, creating=creating))
    return Written([None], wrong) if wrong else await send(proposal.draft)


async def _several(
    name: str, proposals: Sequence[Proposal[D]], send: Callable[[list[D]], Awaitable[Written[R]]]
) -> Written[R]:
    """Good drafts go together in one write; one that is bad stays behind and is null in its place."""
    records: list[R | None] = [None] * len(proposals)
    wrong = faults.of_size(proposals, name)
    if wrong:
        return Written(records, tuple(wrong))
    found = faults.of_several([proposal.draft for proposal in proposals])
    bad = {index: (*one.errors, *found.get(index, ())) for index, one in enumerate(proposals)}
    errors = [_moved(error, name, index, error.path) for index, them in bad.items() for error in them]
    sent = [index for index, them in bad.items() if not them]
    if sent:
        written = await send([proposals[index].draft for index in sent])
        for index, record in zip(sent, written.records, strict=True):
            records[index] = record
        errors += [_returned(error, name, sent) for error in written.errors]
    return Written(records, tuple(sorted(errors, key=_place)))


def _returned(error: UserError, name: str, sent: Sequence[int]) -> UserError:
    """An error of the port counts the drafts it got; the caller counts his own."""
    if len(error.path) < 2 or error.path[0] != name:
        return error
    return _moved(error, name, sent[int(error.path[1])], error.path[2:])


def _moved(error: UserError, name: str, index: int, path: tuple[str, ...]) -> UserError:
    return UserError(error.code, error.message, (name, str(index), *path))


def _place(error: UserError) -> int:
    return int(error.path[1]) if len(error.path) > 1 and error.path[1].isdecimal() else -1
