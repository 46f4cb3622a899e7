"""Aliases and forwarding in words, as they stand in a hook, in a change or in a look. Pure."""

from collections.abc import Mapping
from typing import Any

from bridge.domain.differences import aliases_in_words, forwarding_in_words
from bridge.domain.model import Forwarding


def names_in_words(said: Mapping[str, Any]) -> dict[str, str]:
    """Aliases and forwarding of a hook or of a change, as they are stored."""
    forwarding = Forwarding.of(said.get("forward_to", ()), said.get("keep_copy", True))
    return {
        "names": aliases_in_words(said.get("aliases", ())),
        "onward": forwarding_in_words(forwarding),
    }


def shown_names(job: Mapping[str, Any], seen: Mapping[str, Any]) -> str:
    """Its aliases and its forwarding, where the job is about them."""
    facts = (job["facts"] or "").split()
    words = names_in_words({**seen, **(seen.get("forwarding") or {})})
    named = f", aliases {words['names']}" if "aliases" in facts and "aliases" in seen else ""
    sent = "forwarding" in facts and "forwarding" in seen
    return f"{named}, forwarding {words['onward']}" if sent else named
