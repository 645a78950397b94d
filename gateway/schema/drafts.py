"""The inputs of the mutations: every member a vendor takes, under the graph's names.

Shapes and words only. A member that was left out is UNSET, one that is null is None: what each means is said here, and
told apart in `proposals`.
"""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from gateway.domain.files import CsvEncoding
from gateway.domain.place import SiteKind
from gateway.schema.enums import described
from gateway.schema.scalars import JSON, Date, Upload

described(
    CsvEncoding,
    "How the text of a CSV file is written.",
    {"UTF8": "UTF-8.", "ISO_8859_1": "ISO 8859-1 (Latin 1).", "WINDOWS_1252": "Windows code page 1252."},
)

APPLICATION = "Okube `_id` or key of the application to write to; left out: the configured one."
KEY = "Okube's key: 1 to 250 characters, no control characters, one record each."
KEPT = " Left out: kept as it is. It cannot be cleared."
CLEARED = " Left out: kept as it is; null: cleared."
ZONE = "IANA name, such as Europe/Athens."
SITES = "Global ids of the sites it names, at most 1,000; none: a global one."
POINTS = "Global ids of the points of interest it looks at, at most 1,000."
EXTRA = "Fields of your own, as one object."
COSTS = "Costs, each an object; no currency is documented."
TAGS = "Tags, none of them empty, at most 1,000."


@strawberry.input(description="A place on the globe, WGS 84.")
class CoordinatesInput:
    """Degrees."""

    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")


@strawberry.input(description="A site to create at Okube.")
class CreateSiteInput:
    """As domain.okube_site.SiteDraft."""

    name: str = strawberry.field(description="What it is called.")
    application: strawberry.ID | None = strawberry.field(default=UNSET, description=APPLICATION)
    key: str | None = strawberry.field(default=UNSET, description=KEY)
    keys: list[str] | None = strawberry.field(
        default=UNSET, description="1 to 10 further keys, each once, formed like `key`."
    )
    kind: SiteKind = strawberry.field(
        default=SiteKind.PHYSICAL, description="Physical, or online: an online site has no address and no coordinates."
    )
    active: bool | None = strawberry.field(default=UNSET, description="Whether Okube counts it in its analytics.")
    description: str | None = strawberry.field(default=UNSET, description="Free text, not empty.")
    floors: int | None = strawberry.field(default=UNSET, description="How many floors it has.")
    tags: list[str] | None = strawberry.field(default=UNSET, description=TAGS)
    timezone: str | None = strawberry.field(default=UNSET, description=ZONE)
    phone_number: str | None = strawberry.field(default=UNSET, description="Where it can be called. Never read back.")
    delivery_contact: JSON | None = strawberry.field(
        default=UNSET, description="Who takes deliveries, as one object. Never read back."
    )
    modules: JSON | None = strawberry.field(
        default=UNSET, description="Okube's modules it takes part in, as one object. Never read back."
    )
    address: JSON | None = strawberry.field(default=UNSET, description="Postal address, as one object.")
    coordinates: CoordinatesInput | None = strawberry.field(default=UNSET, description="Where it is.")
    thumbnail: Upload | None = strawberry.field(
        default=UNSET, description="A picture of it, as a file of a multipart request."
    )


@strawberry.input(description="A change to Okube's part of a site: a member that is left out is kept as it is.")
class UpdateSiteInput:
    """As domain.okube_site.SiteDraft."""

    id: strawberry.ID = strawberry.field(description="Global id of the site. Okube must know it.")
    key: str | None = strawberry.field(default=UNSET, description=KEY + KEPT)
    keys: list[str] | None = strawberry.field(
        default=UNSET, description="1 to 10 further keys, each once, in place of all there are." + KEPT
    )
    name: str | None = strawberry.field(default=UNSET, description="What it is called." + KEPT)
    kind: SiteKind | None = strawberry.field(default=UNSET, description="Physical or online." + KEPT)
    active: bool | None = strawberry.field(
        default=UNSET, description="Whether Okube counts it in its analytics." + CLEARED
    )
    description: str | None = strawberry.field(default=UNSET, description="Free text, not empty." + CLEARED)
    floors: int | None = strawberry.field(default=UNSET, description="How many floors it has." + KEPT)
    tags: list[str] | None = strawberry.field(default=UNSET, description=TAGS + CLEARED)
    timezone: str | None = strawberry.field(default=UNSET, description=ZONE + KEPT)
    phone_number: str | None = strawberry.field(default=UNSET, description="Where it can be called." + CLEARED)
    delivery_contact: JSON | None = strawberry.field(
        default=UNSET, description="Who takes deliveries, as one object." + KEPT
    )
    modules: JSON | None = strawberry.field(
        default=UNSET, description="Okube's modules it takes part in, as one object." + KEPT
    )
    address: JSON | None = strawberry.field(default=UNSET, description="Postal address, as one object." + CLEARED)
    coordinates: CoordinatesInput | None = strawberry.field(default=UNSET, description="Where it is." + CLEARED)
    thumbnail: Upload | None = strawberry.field(
        default=UNSET,
        description="A new picture, as a file of a multipart request. Not together with members to clear." + KEPT,
    )


@strawberry.input(description="Column of the file that holds each property; at least one.")
class SiteColumnMapper:
    """As domain.okube_site.SiteColumns."""

    id: bool | None = strawberry.field(
        default=UNSET, description="Passed on to Okube, which does not document it: rows name sites by Okube's id."
    )
    key: str | None = strawberry.field(default=UNSET, description="Column of the key.")
    additional_keys: str | None = strawberry.field(default=UNSET, description="Column of the further keys.")
    name: str | None = strawberry.field(default=UNSET, description="Column of the name.")
    street_number: str | None = strawberry.field(default=UNSET, description="Column of the house number.")
    street: str | None = strawberry.field(default=UNSET, description="Column of the street.")
    postal_code: str | None = strawberry.field(default=UNSET, description="Column of the postal code.")
    city: str | None = strawberry.field(default=UNSET, description="Column of the city.")
    country: str | None = strawberry.field(default=UNSET, description="Column of the country.")
    latitude: str | None = strawberry.field(default=UNSET, description="Column of the latitude.")
    longitude: str | None = strawberry.field(default=UNSET, description="Column of the longitude.")
    timezone: str | None = strawberry.field(default=UNSET, description="Column of the time zone.")
    contact_name: str | None = strawberry.field(default=UNSET, description="Column of the contact's name.")
    contact_email: str | None = strawberry.field(default=UNSET, description="Column of the contact's e-mail address.")
    contact_phone: str | None = strawberry.field(default=UNSET, description="Column of the contact's telephone.")
    presence: str | None = strawberry.field(default=UNSET, description="Column of the presence module's switch.")
    tracking: str | None = strawberry.field(default=UNSET, description="Column of the tracking module's switch.")
    conversion: str | None = strawberry.field(default=UNSET, description="Column of the conversion module's switch.")


@strawberry.input(description="A CSV file of sites and how to read it.")
class ImportSitesInput:
    """As domain.okube_site.SiteImport."""

    file: Upload = strawberry.field(description="The file, as one of a multipart request.")
    mapper: SiteColumnMapper = strawberry.field(description="Which column holds what.")
    application: strawberry.ID | None = strawberry.field(default=UNSET, description=APPLICATION)
    encoding: CsvEncoding = strawberry.field(default=CsvEncoding.UTF8, description="How its text is written.")
    delimiter: str = strawberry.field(default=",", description="One character between the cells of a row.")


@strawberry.input(description="A point of interest to create.")
class CreatePointOfInterestInput:
    """As domain.point_of_interest.PointOfInterestDraft."""

    name: str = strawberry.field(description="What it is called.")
    coordinates: CoordinatesInput = strawberry.field(description="Where it is.")
    application: strawberry.ID | None = strawberry.field(default=UNSET, description=APPLICATION)
    key: str | None = strawberry.field(default=UNSET, description=KEY)
    active: bool | None = strawberry.field(default=UNSET, description="Whether Okube counts it in its analytics.")
    description: str | None = strawberry.field(default=UNSET, description="Free text, not empty.")
    tags: list[str] | None = strawberry.field(default=UNSET, description=TAGS)
    address: JSON | None = strawberry.field(default=UNSET, description="Postal address, as one object.")
    timezone: str | None = strawberry.field(default=UNSET, description=ZONE)
    radius_meters: float | None = strawberry.field(
        default=UNSET, description="How far around it devices are counted, 1 to 300."
    )
    indoor_indexes: JSON | None = strawberry.field(default=UNSET, description="H3 cells inside, as one object.")
    outdoor_indexes: JSON | None = strawberry.field(default=UNSET, description="H3 cells around, as one object.")


@strawberry.input(description="A change to a point of interest: a member that is left out is kept as it is.")
class UpdatePointOfInterestInput:
    """As domain.point_of_interest.PointOfInterestDraft."""

    id: strawberry.ID = strawberry.field(description="Global id of the point of interest.")
    key: str | None = strawberry.field(default=UNSET, description=KEY + KEPT)
    name: str | None = strawberry.field(default=UNSET, description="What it is called." + CLEARED)
    coordinates: CoordinatesInput | None = strawberry.field(default=UNSET, description="Where it is." + CLEARED)
    active: bool | None = strawberry.field(
        default=UNSET, description="Whether Okube counts it in its analytics." + KEPT
    )
    description: str | None = strawberry.field(default=UNSET, description="Free text, not empty." + CLEARED)
    tags: list[str] | None = strawberry.field(default=UNSET, description=TAGS + CLEARED)
    address: JSON | None = strawberry.field(default=UNSET, description="Postal address, as one object." + CLEARED)
    timezone: str | None = strawberry.field(default=UNSET, description=ZONE + KEPT)
    radius_meters: float | None = strawberry.field(
        default=UNSET, description="How far around it devices are counted, 1 to 300." + CLEARED
    )
    indoor_indexes: JSON | None = strawberry.field(
        default=UNSET, description="H3 cells inside, as one object." + CLEARED
    )
    outdoor_indexes: JSON | None = strawberry.field(
        default=UNSET, description="H3 cells around, as one object." + CLEARED
    )


@strawberry.input(description="A CSV file of points of interest: those whose key is known are changed, others created.")
class ImportPointsOfInterestInput:
    """Its columns are Okube's own; take an export as the pattern."""

    file: Upload = strawberry.field(description="The file, as one of a multipart request.")
    application: strawberry.ID | None = strawberry.field(default=UNSET, description=APPLICATION)


@strawberry.input(description="A campaign to create.")
class CampaignDraft:
    """As domain.campaign.CampaignDraft."""

    key: str = strawberry.field(description=KEY)
    name: str | None = strawberry.field(default=UNSET, description="What it is called.")
    description: str | None = strawberry.field(default=UNSET, description="Free text.")
    provider: str | None = strawberry.field(default=UNSET, description="Who carries it out.")
    agency: str | None = strawberry.field(default=UNSET, description="Who plans it.")
    format: str | None = strawberry.field(default=UNSET, description="What it looks like, in your own words.")
    starts_on: Date | None = strawberry.field(default=UNSET, description="First day, as planned.")
    ends_on: Date | None = strawberry.field(default=UNSET, description="Last day, as planned; not before the first.")
    extra: JSON | None = strawberry.field(default=UNSET, description=EXTRA)
    sites: list[strawberry.ID] | None = strawberry.field(default=UNSET, description=SITES)
    costs: list[JSON] | None = strawberry.field(default=UNSET, description=COSTS)


@strawberry.input(description="Campaigns to create together: each is answered in its place.")
class CreateCampaignsInput:
    """Sent to Okube in one call."""

    campaigns: list[CampaignDraft] = strawberry.field(description="1 to 1,000 campaigns.")
    application: strawberry.ID | None = strawberry.field(default=UNSET, description=APPLICATION)


@strawberry.input(description="A change to a campaign: a member that is left out is kept as it is.")
class UpdateCampaignInput:
    """As domain.campaign.CampaignDraft."""

    id: strawberry.ID = strawberry.field(description="Global id of the campaign.")
    key: str | None = strawberry.field(default=UNSET, description=KEY + KEPT)
    name: str | None = strawberry.field(default=UNSET, description="What it is called." + CLEARED)
    description: str | None = strawberry.field(default=UNSET, description="Free text." + CLEARED)
    provider: str | None = strawberry.field(default=UNSET, description="Who carries it out." + CLEARED)
    agency: str | None = strawberry.field(default=UNSET, description="Who plans it." + CLEARED)
    format: str | None = strawberry.field(default=UNSET, description="What it looks like." + CLEARED)
    starts_on: Date | None = strawberry.field(default=UNSET, description="First day, as planned." + CLEARED)
    ends_on: Date | None = strawberry.field(default=UNSET, description="Last day, as planned." + CLEARED)
    extra: JSON | None = strawberry.field(default=UNSET, description=EXTRA + CLEARED)
    tags: list[str] | None = strawberry.field(default=UNSET, description=TAGS + CLEARED)
    sites: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description=SITES + " They take the place of all there are." + CLEARED
    )
    costs: list[JSON] | None = strawberry.field(default=UNSET, description=COSTS + CLEARED)


@strawberry.input(description="A study to create.")
class StudyDraft:
    """As domain.study.StudyDraft."""

    key: str = strawberry.field(description=KEY)
    name: str | None = strawberry.field(default=UNSET, description="What it is called.")
    description: str | None = strawberry.field(default=UNSET, description="Free text.")
    starts_on: Date | None = strawberry.field(default=UNSET, description="First day looked at.")
    ends_on: Date | None = strawberry.field(default=UNSET, description="Last day looked at; not before the first.")
    extra: JSON | None = strawberry.field(default=UNSET, description=EXTRA + " Never read back.")
    sites: list[strawberry.ID] | None = strawberry.field(default=UNSET, description=SITES)
    points_of_interest: list[strawberry.ID] | None = strawberry.field(default=UNSET, description=POINTS)


@strawberry.input(description="Studies to create together: each is answered in its place.")
class CreateStudiesInput:
    """Sent to Okube in one call."""

    studies: list[StudyDraft] = strawberry.field(description="1 to 1,000 studies.")
    application: strawberry.ID | None = strawberry.field(default=UNSET, description=APPLICATION)


@strawberry.input(description="A change to a study: a member that is left out is kept as it is.")
class UpdateStudyInput:
    """As domain.study.StudyDraft."""

    id: strawberry.ID = strawberry.field(description="Global id of the study.")
    key: str | None = strawberry.field(default=UNSET, description=KEY + KEPT)
    name: str | None = strawberry.field(default=UNSET, description="What it is called." + CLEARED)
    description: str | None = strawberry.field(default=UNSET, description="Free text." + CLEARED)
    starts_on: Date | None = strawberry.field(default=UNSET, description="First day looked at." + CLEARED)
    ends_on: Date | None = strawberry.field(default=UNSET, description="Last day looked at." + CLEARED)
    tags: list[str] | None = strawberry.field(default=UNSET, description=TAGS + CLEARED)
    sites: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description=SITES + " They take the place of all there are." + CLEARED
    )
    points_of_interest: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description=POINTS + " They take the place of all there are." + CLEARED
    )
