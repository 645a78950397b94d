"""The vendors' names, as the contract spells them. What a vendor can do stands in its own folder, never here."""

from enum import StrEnum


class VendorKey(StrEnum):
    """A vendor behind the gateway. The order is that of ties between sessions (rules.md 15)."""

    __hash__ = str.__hash__  # an enum's own is a function in Python, and this is a key of many dicts

    BESPOT = "BESPOT"
    SHOPSTER = "SHOPSTER"
    OKUBE = "OKUBE"
    GUEST_WIFI = "GUEST_WIFI"

    @property
    def folder(self) -> str:
        """Name of the vendor's folder, of its crosswalk member and of its settings: `guest_wifi`."""
        return self.value.lower()
