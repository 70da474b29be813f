"""Names of companies and people, put together from the parts in `words.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pypinyin import lazy_pinyin

from metadata.packages.yaml_format import LOADER
from objects.demo.dice import Dice

HERE = Path(__file__).parent
REGIONS = {"east": 50, "south": 35, "others": 15}
ROLES = {"decision_maker": 24, "technical": 20, "purchaser": 20, "user": 28, "informant": 8}
# 0000 in the middle: valid to every check, and nobody takes them for real.
MOBILE_PREFIXES = ("1380000", "1390000", "1580000", "1880000", "1990000")


@dataclass(frozen=True)
class Person:
    name: str
    gender: str
    role: str
    title: str
    mobile: str
    email: str

    @property
    def address(self) -> str:
        """How a salesperson speaks of somebody: 张总, or the name."""
        return f"{self.name[0]}总" if self.role == "decision_maker" else self.name


@dataclass(frozen=True)
class Company:
    name: str
    short: str
    region: str
    city: str
    province: str
    address: str
    phone: str
    domain: str
    industry: str
    size: str


class Words:
    """Draws companies (each only once) and people."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.data = load("words.yaml")
        self.texts = load("texts.yaml")
        self._companies: set[str] = set()

    def forget(self) -> None:
        """Let companies be drawn again: rows in volume need more than there are names."""
        self._companies.clear()

    def company(self) -> Company:
        """Return a company that has not been drawn before."""
        region = self.dice.weighted(REGIONS)
        place = self.dice.choice(self.data["regions"][region])
        industry = self.dice.weighted({key: item["weight"] for key, item in self.data["industries"].items()})
        brand = self.dice.choice(self.data["brands"])
        business = self.dice.choice(self.data["industries"][industry]["parts"])
        name = f"{place['city']}{brand}{business}{self.dice.choice(self.data['forms'])}"
        if name in self._companies:
            return self.company()
        self._companies.add(name)
        return Company(
            name=name,
            short=f"{brand}{business}",
            region=region,
            city=place["city"],
            province=place["province"],
            address=f"{place['city']}市{self.dice.choice(place['areas'])} {self.dice.randint(1, 999)} 号",
            phone=f"{place['code']}{self.dice.choice('5678')}000{self.dice.randint(0, 9999):04d}",
            domain=f"{''.join(lazy_pinyin(brand))}-{place['code']}.example.com",
            industry=industry,
            size=self.dice.weighted({"s1": 12, "s2": 34, "s3": 34, "s4": 12, "s5": 8}),
        )

    def person(self, company: Company, role: str | None = None) -> Person:
        """Return somebody who works at a company."""
        role = role or self.dice.weighted(ROLES)
        gender = self.dice.weighted({"male": 58, "female": 42})
        surname = self.dice.choice(self.data["surnames"])
        given = self.dice.choice(self.data[f"given_{gender}"])
        return Person(
            name=surname + given,
            gender=gender,
            role=role,
            title=self.dice.choice(self.data["titles"][role]),
            mobile=f"{self.dice.choice(MOBILE_PREFIXES)}{self.dice.randint(0, 9999):04d}",
            email=f"{'.'.join(lazy_pinyin([surname, given]))}@{company.domain}".replace(" ", ""),
        )

    def surname(self) -> str:
        return str(self.dice.choice(self.data["surnames"]))

    def product_line(self, company: Company) -> str:
        """Return what a company of this industry buys."""
        lines: list[str] = self.data["industries"][company.industry]["lines"]
        return self.dice.choice(lines)


@cache
def load(name: str) -> Any:
    """Return one of the word lists beside this module."""
    return yaml.load((HERE / name).read_text(encoding="utf-8"), LOADER)  # noqa: S506 (the safe loader, in C)
