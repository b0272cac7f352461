"""AWS cron expressions: ``cron(minutes hours day-of-month month day-of-week year)``."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta

MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
# AWS counts the days of the week from Sunday, which is 1.
WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_MONTH_NAMES = {name.upper(): number for name, number in MONTHS.items()}
_YEARS = (1970, 2199)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. `days` and `weekdays` stay text: L, W and # depend on the month."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    @classmethod
    def parse(cls, fields: str) -> Cron:
        """Parse the text between ``cron(`` and ``)``.

        Raises:
            ValueError: it is not a valid expression; the message names the field.
        """
        parts = fields.upper().split()
        if len(parts) != 6:
            raise ValueError(f"cron({fields}): expected 6 fields, found {len(parts)}")
        minutes, hours, days, months, weekdays, years = parts
        if (days == "?") == (weekdays == "?"):
            raise ValueError(f"cron({fields}): exactly one of day-of-month and day-of-week must be ?")
        parsed = cls(
            _numbers("minutes", minutes, 0, 59),
            _numbers("hours", hours, 0, 23),
            days,
            _numbers("month", months, 1, 12, _MONTH_NAMES),
            weekdays,
            _numbers("year", years, *_YEARS),
        )
        parsed._matching_days(2024, 2)  # a malformed day field fails now, not when it would fire
        return parsed

    def previous(self, at: datetime) -> datetime | None:
        """The last moment at or before the naive local time `at` that matches, up to two years back."""
        day = at.date()
        for _ in range(731):
            if day.year in self.years and day.month in self.months and self._on(day):
                limit = (at.hour, at.minute) if day == at.date() else (23, 59)
                times = [(h, m) for h in self.hours for m in self.minutes if (h, m) <= limit]
                if times:
                    hour, minute = max(times)
                    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - local
            day -= timedelta(days=1)
        return None

    def _on(self, day: date) -> bool:
        return day.day in self._matching_days(day.year, day.month)

    def _matching_days(self, year: int, month: int) -> set[int]:
        length = calendar.monthrange(year, month)[1]
        if self.weekdays == "?":
            return set().union(*(_days(item, year, month, length) for item in self.days.split(",")))
        return set().union(*(_weekdays(item, year, month, length) for item in self.weekdays.split(",")))


def _days(item: str, year: int, month: int, length: int) -> set[int]:
    if item == "L":
        return {length}
    if item.startswith("L-"):
        return {length - int(item[2:])}
    if item in ("LW", "WL"):
        return {_nearest_weekday(length, year, month, length)}
    if item.endswith("W"):
        return {_nearest_weekday(min(int(item[:-1]), length), year, month, length)}
    return {day for day in _numbers("day-of-month", item, 1, 31) if day <= length}


def _nearest_weekday(day: int, year: int, month: int, length: int) -> int:
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < length else day - 2
    return day


def _weekdays(item: str, year: int, month: int, length: int) -> set[int]:
    by_weekday: dict[int, list[int]] = {}
    for day in range(1, length + 1):
        by_weekday.setdefault((date(year, month, day).weekday() + 1) % 7 + 1, []).append(day)
    if "#" in item:
        name, _, count = item.partition("#")
        (weekday,) = _numbers("day-of-week", name, 1, 7, WEEKDAYS)
        return set(by_weekday[weekday][int(count) - 1 : int(count)])
    if item == "L":
        return set(by_weekday[7])
    if item.endswith("L") and item not in WEEKDAYS:
        (weekday,) = _numbers("day-of-week", item[:-1], 1, 7, WEEKDAYS)
        return {by_weekday[weekday][-1]}
    return {day for weekday in _numbers("day-of-week", item, 1, 7, WEEKDAYS) for day in by_weekday[weekday]}


def _numbers(
    field: str, text: str, low: int, high: int, names: dict[str, int] | None = None
) -> frozenset[int]:
    """The numbers that a field of lists, ranges and steps stands for."""

    def number(token: str) -> int:
        try:
            value = (names or {}).get(token) or int(token)
        except ValueError:
            raise ValueError(f"{field} {text!r}: {token!r} is not a number or name") from None
        if not low <= value <= high:
            raise ValueError(f"{field} {text!r}: {value} is not between {low} and {high}")
        return value

    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (number(end) for end in span.split("-", 1))
        else:
            first = number(span)
            last = high if step else first
        stride = int(step) if step.isdigit() else 1
        if step and not (step.isdigit() and stride):
            raise ValueError(f"{field} {text!r}: the step {step!r} is not a positive number")
        if first <= last:
            found.update(range(first, last + 1, stride))
        elif names is WEEKDAYS:  # SAT-MON goes over the week's end
            found.update([*range(first, high + 1, stride), *range(low, last + 1, stride)])
        else:
            raise ValueError(f"{field} {text!r}: {first} is after {last}")
    return frozenset(found)
