"""The fields of Mutation: everything Okube lets be written. Each needs scope `write`.

Nothing is answered in place of a failure: what is not the caller's to mend is raised, and a write whose outcome is
unknown is never repeated (rules.md 30, 31).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import strawberry

from gateway.access.scopes import Scope
from gateway.domain.errors import Forbidden
from gateway.domain.okube_site import SiteColumns, SiteDraft, SiteImport
from gateway.domain.point_of_interest import PointOfInterestDraft
from gateway.domain.writing import Imported, UserError, UserErrorCode, Written
from gateway.federation.writes import Writes
from gateway.schema import proposals
from gateway.schema.arguments import Info, given
from gateway.schema.drafts import (
    CreateCampaignsInput,
    CreatePointOfInterestInput,
    CreateSiteInput,
    CreateStudiesInput,
    ImportPointsOfInterestInput,
    ImportSitesInput,
    UpdateCampaignInput,
    UpdatePointOfInterestInput,
    UpdateSiteInput,
    UpdateStudyInput,
)
from gateway.schema.payloads import (
    CampaignPayload,
    CampaignsPayload,
    ImportPayload,
    PointOfInterestPayload,
    SitePayload,
    StudiesPayload,
    StudyPayload,
)

Payload = TypeVar("Payload")
Input = TypeVar("Input")

CHANGE = strawberry.argument(description="What to change.")
MAKE = strawberry.argument(description="What to create.")
TAKE = strawberry.argument(description="The file and how to read it.")


@contextmanager
def writing(info: Info, *, own_sites: bool = False) -> Iterator[Writes]:
    """The room of writes, for those who may. `own_sites`: callers limited to sites may, too (rules.md 11).

    Whatever came of it, what this operation has read before may no longer be true.
    """
    request = info.context
    request.require(Scope.WRITE)
    if request.principal.limited and not own_sites:
        raise Forbidden("This is not open to callers that are limited to sites.")
    request.catalog.supplies.writes()  # not configured is said before anything of the input
    try:
        yield request.catalog.writes
    finally:
        request.written()


async def _create_site(info: Info, input: Annotated[CreateSiteInput, MAKE]) -> SitePayload:
    with writing(info) as writes:
        application = await proposals.application_of(info, input)
        written = await writes.create_site(application, proposals.draft(input, SiteDraft))
    return _answer(SitePayload, "site", written)


async def _update_site(info: Info, input: Annotated[UpdateSiteInput, CHANGE]) -> SitePayload:
    with writing(info, own_sites=True) as writes:
        reference = await proposals.site_reference(info, input.id)
        if reference is None:
            return _unknown(SitePayload, "site")
        written = await writes.update_site(reference, proposals.draft(input, SiteDraft))
    site = written.record
    if site is not None and not info.context.principal.sees(site):  # a changed key can move the record elsewhere
        written = Written([None], written.errors)
    return _answer(SitePayload, "site", written)


async def _import_sites(info: Info, input: Annotated[ImportSitesInput, TAKE]) -> ImportPayload:
    with writing(info) as writes:
        application = await proposals.application_of(info, input)
        mapper = input.mapper
        columns = SiteColumns(**{name: given(getattr(mapper, name)) for name in SiteColumns.__struct_fields__})
        what = SiteImport(input.file, columns, input.encoding, input.delimiter)
        return _imported(await writes.import_sites(application, what))


async def _create_point_of_interest(
    info: Info, input: Annotated[CreatePointOfInterestInput, MAKE]
) -> PointOfInterestPayload:
    with writing(info) as writes:
        application = await proposals.application_of(info, input)
        written = await writes.create_point_of_interest(application, proposals.draft(input, PointOfInterestDraft))
    return _answer(PointOfInterestPayload, "point_of_interest", written)


async def _update_point_of_interest(
    info: Info, input: Annotated[UpdatePointOfInterestInput, CHANGE]
) -> PointOfInterestPayload:
    with writing(info) as writes:
        reference = await proposals.record_reference(info, input.id, "PointOfInterest")
        if reference is None:
            return _unknown(PointOfInterestPayload, "point_of_interest")
        written = await writes.update_point_of_interest(reference, proposals.draft(input, PointOfInterestDraft))
    return _answer(PointOfInterestPayload, "point_of_interest", written)


async def _import_points_of_interest(info: Info, input: Annotated[ImportPointsOfInterestInput, TAKE]) -> ImportPayload:
    with writing(info) as writes:
        application = await proposals.application_of(info, input)
        return _imported(await writes.import_points_of_interest(application, input.file))


async def _create_campaigns(info: Info, input: Annotated[CreateCampaignsInput, MAKE]) -> CampaignsPayload:
    with writing(info) as writes:
        application = await proposals.application_of(info, input)
        known = await proposals.known(info, application, input.campaigns)
        drafts = [proposals.campaign(draft, known) for draft in input.campaigns]
        written: Any = await writes.create_campaigns(application, drafts)
    return CampaignsPayload(campaigns=written.records, user_errors=list(written.errors))


async def _update_campaign(info: Info, input: Annotated[UpdateCampaignInput, CHANGE]) -> CampaignPayload:
    with writing(info) as writes:
        reference = proposals.reference(input.id, "Campaign")
        if reference is None:
            return _unknown(CampaignPayload, "campaign")
        known = await proposals.known(info, None, [input])
        written = await writes.update_campaign(reference, proposals.campaign(input, known))
    return _answer(CampaignPayload, "campaign", written)


async def _create_studies(info: Info, input: Annotated[CreateStudiesInput, MAKE]) -> StudiesPayload:
    with writing(info) as writes:
        application = await proposals.application_of(info, input)
        known = await proposals.known(info, application, input.studies)
        drafts = [proposals.study(draft, known) for draft in input.studies]
        written: Any = await writes.create_studies(application, drafts)
    return StudiesPayload(studies=written.records, user_errors=list(written.errors))


async def _update_study(info: Info, input: Annotated[UpdateStudyInput, CHANGE]) -> StudyPayload:
    with writing(info) as writes:
        reference = await proposals.record_reference(info, input.id, "Study")
        if reference is None:
            return _unknown(StudyPayload, "study")
        known = await proposals.known(info, None, [input])
        written = await writes.update_study(reference, proposals.study(input, known))
    return _answer(StudyPayload, "study", written)


def _answer(made: type[Payload], member: str, written: Written[Any]) -> Payload:
    return made(**{member: written.record, "user_errors": list(written.errors)})


def _unknown(made: type[Payload], member: str) -> Payload:
    """Unknown and another's are indistinguishable (rules.md 8, 38)."""
    error = UserError(UserErrorCode.NOT_FOUND, "There is no such record at Okube.", ("id",))
    return made(**{member: None, "user_errors": [error]})


def _imported(imported: Imported) -> ImportPayload:
    errors: list[Any] = list(imported.errors)
    return ImportPayload(accepted=imported.accepted, result=imported.result, user_errors=errors)  # type: ignore[arg-type]  # JSON


@strawberry.type(
    description="Everything that can be written, at Okube. One field after the other; a write is sent once and never "
    "repeated. Later reads see it at once. Needs scope write; callers limited to sites may only change their own sites."
)
class Mutation:
    """Root of writes."""

    create_site: SitePayload = strawberry.mutation(resolver=_create_site, description="Creates a site at Okube.")
    update_site: SitePayload = strawberry.mutation(
        resolver=_update_site, description="Changes what Okube keeps of a site; the crosswalk's words stay as they are."
    )
    import_sites: ImportPayload = strawberry.mutation(
        resolver=_import_sites, description="Hands a CSV file of sites over to Okube."
    )
    create_point_of_interest: PointOfInterestPayload = strawberry.mutation(
        resolver=_create_point_of_interest, description="Creates a point of interest."
    )
    update_point_of_interest: PointOfInterestPayload = strawberry.mutation(
        resolver=_update_point_of_interest, description="Changes a point of interest."
    )
    import_points_of_interest: ImportPayload = strawberry.mutation(
        resolver=_import_points_of_interest, description="Hands a CSV file of points of interest over to Okube."
    )
    create_campaigns: CampaignsPayload = strawberry.mutation(
        resolver=_create_campaigns, description="Creates campaigns, one or many, in one call."
    )
    update_campaign: CampaignPayload = strawberry.mutation(resolver=_update_campaign, description="Changes a campaign.")
    create_studies: StudiesPayload = strawberry.mutation(
        resolver=_create_studies, description="Creates studies, one or many, in one call."
    )
    update_study: StudyPayload = strawberry.mutation(resolver=_update_study, description="Changes a study.")
