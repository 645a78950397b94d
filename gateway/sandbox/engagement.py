"""Audiences of a crowd by how long they stayed, for Shopster and for Okube's presence figures.

Computed from the same people who crossed the doors; passers-by and employees are in proportion to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gateway.domain.instant import DAY, Micros

_PASSERS_PER_VISITOR = 2.3
_PASSER_SECONDS = 45
_EMPLOYEES = 4
_EMPLOYEE_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Crowd:
    """`clients`: distinct devices; `comeback`: those of them met before; `sessions`, `seconds`: all their stays."""

    clients: int = 0
    comeback: int = 0
    sessions: int = 0
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Engagement:
    """One span's audiences. `all` holds passers and visitors as devices, employees besides as sessions (quirk S4)."""

    all: Crowd
    passer: Crowd
    visitor: Crowd
    bounced: Crowd
    half_engaged: Crowd
    engaged: Crowd
    employee: Crowd


def audiences(
    stays: list[int], span: Micros, bounce_minutes: int, engaged_minutes: int, comeback_days: int
) -> Engagement:
    """Split `stays` (seconds). Less than the bounce threshold bounced; the engagement threshold and more engaged."""
    days = max(span / DAY, 0.0)
    repeat = 1 - min(0.4, 0.04 + 0.01 * days)  # the longer the span, the more devices are met twice
    back = min(0.6, 0.08 + 0.04 * math.log2(1 + comeback_days / 7))
    bounce, engaged = bounce_minutes * 60, engaged_minutes * 60
    short = _crowd([stay for stay in stays if stay < bounce], repeat, back * 0.5)
    middle = _crowd([stay for stay in stays if bounce <= stay < engaged], repeat, back)
    long = _crowd([stay for stay in stays if stay >= engaged], repeat, back * 1.3)
    visitor = _crowd(stays, repeat * 0.96, back)
    passing = round(len(stays) * _PASSERS_PER_VISITOR)
    passer = Crowd(round(passing * repeat), round(passing * repeat * back * 0.3), passing, passing * _PASSER_SECONDS)
    shifts = round(_EMPLOYEES * days) if stays else 0
    staff = min(shifts, _EMPLOYEES)
    employee = Crowd(staff, staff, shifts, shifts * _EMPLOYEE_SECONDS)
    everyone = Crowd(
        passer.clients + visitor.clients,
        passer.comeback + visitor.comeback,
        passer.sessions + visitor.sessions + employee.sessions,
        passer.seconds + visitor.seconds + employee.seconds,
    )
    return Engagement(everyone, passer, visitor, short, middle, long, employee)


def _crowd(stays: list[int], repeat: float, back: float) -> Crowd:
    clients = math.ceil(len(stays) * repeat)
    return Crowd(clients, round(clients * back), len(stays), sum(stays))
