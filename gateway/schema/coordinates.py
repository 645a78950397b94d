"""A place on the globe."""

import strawberry


@strawberry.type(description="A place on the globe, WGS 84.")
class Coordinates:
    """Read from domain.site.Coordinates."""

    latitude: float = strawberry.field(description="Degrees north.")
    longitude: float = strawberry.field(description="Degrees east.")
