"""What is played, and what must come of it.

Each outcome is asked of four witnesses: the answer, Enom, billing, the journal.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from bridge.cli.demo.stage import ALONE, QUOTA_GB, SOURCE, STRANGER, Stage
from bridge.cli.send import HookAnswer

WAIT = 20.0  # seconds that the bridge may hold an answer
PATIENCE = 60.0  # seconds until a job is given up
CREATION = "SetUpPOP3User"

ANN = {"service_id": "2042", "address": "ann@example.net"}
JANE = {"service_id": "1043", "address": "jane@example.com", "display_name": "Jane Doe"}


@dataclass(frozen=True)
class Scene:
    """A hook and its expected outcome. `sample` is a folder of hooks/whmcs/samples, `data` what
    differs from it.

    `http` is the answer's status; `status` and `error` are the job's, None where there is no job. `sent` are the changing
    commands that the remote must have got, in order. `truth` is what it must have in the end. `source` tells which account,
    and so which backend.
    """

    title: str
    sample: str
    data: Mapping[str, str] = field(default_factory=dict)
    fault: Mapping[str, str] | None = None
    forged: bool = False
    http: int = 200
    status: str | None = "succeeded"
    error: str | None = None
    sent: tuple[str, ...] = ()
    truth: str = "active"
    source: str = SOURCE


SCENES = (
    Scene("A customer orders a mailbox", "mailbox.create", sent=(CREATION, "change_user")),
    Scene("Billing sends the same order again, by mistake", "mailbox.create"),
    Scene(
        "An invoice is overdue",
        "mailbox.suspend",
        sent=("change_user", "logout_user"),
        truth="suspended",
    ),
    Scene("It is paid", "mailbox.unsuspend", sent=("change_user",)),
    Scene("The customer changes the password", "mailbox.change_password", sent=("ModifyPOP3",)),
    Scene(
        "Enom creates a mailbox, but its answer is lost: found, not created twice",
        "mailbox.create",
        JANE,
        fault={"command": CREATION, "fault": "drop_after"},
        # The password is set once more, because no read can show that the lost answer was a yes to
        # it.
        sent=(CREATION, "ModifyPOP3", "change_user"),
    ),
    Scene(
        "Must fail: suspend a mailbox that does not exist",
        "mailbox.suspend",
        {"service_id": "1044", "address": "nobody@example.com"},
        status="failed",
        error="not_found",
        truth="absent",
    ),
    Scene(
        "Must fail: suspend a mailbox that is not this customer's",
        "mailbox.suspend",
        {"service_id": "1045", "address": STRANGER},
        status="failed",
        error="not_ours",
    ),
    Scene(
        "Must fail: a hook with invalid fields", "invalid", http=422, status=None, truth="absent"
    ),
    Scene(
        "Must fail: a hook signed with another secret",
        "mailbox.terminate",
        forged=True,
        http=401,
        status=None,
    ),
    Scene("The contract ends", "mailbox.terminate", sent=("DeletePOP3",), truth="absent"),
    Scene(
        "Without Enom, by the hosted-email API alone: a customer orders a mailbox",
        "mailbox.create",
        ANN,
        sent=("change_user",),
        source=ALONE,
    ),
    Scene(
        "Its invoice is overdue",
        "mailbox.suspend",
        ANN,
        sent=("change_user", "logout_user"),
        truth="suspended",
        source=ALONE,
    ),
    Scene("It is paid", "mailbox.unsuspend", ANN, sent=("change_user",), source=ALONE),
    Scene(
        "The contract ends",
        "mailbox.terminate",
        ANN,
        sent=("delete_user",),
        truth="absent",
        source=ALONE,
    ),
)


def play(
    at: Stage, scene: Scene, number: int, tell: Callable[[Mapping[str, Any]], None]
) -> dict[str, Any]:
    """Sends the scene's hook and collects what came of it, with `faults`: what was not as
    expected."""
    body = sample(scene, at.sender.now())
    data, before = body["data"], len(at.history())
    if scene.fault:
        at.sim.control("/faults", dict(scene.fault))
    billing = replace(at.sender, source=scene.source, secret=at.keys[scene.source])
    sender = replace(billing, secret=secrets.token_bytes(32)) if scene.forged else billing
    first = sender.post("hooks", body, wait=WAIT)
    answer = billing.follow(first, PATIENCE).body
    job = answer.get("job")
    story = at.service.lookup.story(job) if job else None
    journal = story["commands"] if story else []
    requests = at.history()[before:]
    if answer.get("status") == "succeeded" and "password" in data:
        at.passwords[data["address"]] = data["password"]
    names = {step["command"] for step in journal}
    changing = [request for request in requests if request["effect"] or request["command"] in names]
    seen = {
        "number": number,
        "title": scene.title,
        "provider": at.provider(scene.source),
        "hook": {
            "type": body["type"],
            "data": {**data, **({"password": "***"} if "password" in data else {})},
        },
        "http": first.status,
        "answer": answer,
        "plan": story["job"]["plan"] if story else None,
        "sent": [
            {"command": request["command"], "fault": request["fault"]} for request in changing
        ],
        "journal": [
            {name: step[name] for name in ("command", "kind", "outcome")} for step in journal
        ],
        "reads": [request["command"] for request in requests if request not in changing],
        "enom": truth(at, data["address"]),
        "callback": at.billing.about(job) if job else None,
    }
    seen["faults"] = list(faults(scene, data, first, seen))
    seen["expected"] = not seen["faults"]
    tell(seen)
    return seen


def sample(scene: Scene, now: str) -> dict[str, Any]:
    """The body of the sample, as of now. The invalid one stays as it is."""
    body: dict[str, Any] = read(scene.sample, "body.json")
    if scene.sample != "invalid":
        body["timestamp"] = now
    body["data"] |= scene.data
    return body


def read(sample: str, file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (resources.files("hooks") / "whmcs/samples" / sample / file).read_text("utf-8")
    )
    return found


def truth(at: Stage, address: str) -> dict[str, Any]:
    """Of one mailbox at Enom, without its password: only whether it is the right one."""
    box = at.mailbox(address)
    if box is None:
        return {"address": address, "state": "absent"}
    right = secrets.compare_digest(box["password"].encode(), at.passwords.get(address, "").encode())
    return {
        "address": address,
        "state": box["status"],
        "quota_gb": box["quota_bytes"] / 2**30,
        "password_right": right,
    }


def faults(
    scene: Scene, data: Mapping[str, str], first: HookAnswer, seen: Mapping[str, Any]
) -> Sequence[str]:
    """What was not as expected, a sentence each."""
    answer, callback, enom = seen["answer"], seen["callback"], seen["enom"]
    remote = seen["provider"]
    reported = {} if callback is None else callback["data"]
    sent = [request["command"] for request in seen["sent"]]
    pairs: list[tuple[str, Any, Any]] = [
        (f"{remote} got", sent, list(scene.sent)),
        (f"{remote} has the mailbox", enom["state"], scene.truth),
        ("the callback is", callback and callback["type"], scene.status and f"job.{scene.status}"),
    ]
    if first.status != 202:  # a slow machine; the job's end was waited for
        pairs.append(("HTTP", first.status, scene.http))
    if not scene.status:
        pairs.append((f"{remote} was queried", seen["reads"], []))
    else:
        code = (answer.get("error") or {}).get("code")
        pairs += [
            ("the job's status is", answer.get("status"), scene.status),
            ("changed is", answer.get("changed"), bool(scene.sent)),
            ("its error is", code, scene.error),
            ("the callback is about the hook", reported.get("hook"), answer.get("hook")),
            (
                "the callback tells the state",
                reported.get("state"),
                scene.truth if scene.status == "succeeded" else answer["state"],
            ),
        ]
    if enom["state"] != "absent":
        pairs.append((f"{remote} has the right password", enom["password_right"], True))
    if "plan" in data and enom["state"] != "absent":
        pairs.append((f"{remote}'s quota in GB is", enom["quota_gb"], float(QUOTA_GB)))
    if scene.sample == "invalid":
        pairs.append(
            (
                "the fields named are",
                sorted(answer.get("errors", {})),
                sorted(read("invalid", "errors.json")),
            )
        )
    return [
        f"{what} {came!r}, expected {wanted!r}" for what, came, wanted in pairs if came != wanted
    ]


def at_the_end(at: Stage, seen: Sequence[Mapping[str, Any]]) -> list[str]:
    """What only the whole can show: nothing was told twice, nothing was made twice, nobody else
    spoke."""
    jobs = [scene["answer"]["job"] for scene in seen if "job" in scene["answer"]]
    reported = [callback["data"]["job"] for callback in at.billing.received]
    made = sum(request["command"] == CREATION and request["effect"] for request in at.history())
    found = list(at.billing.refused)
    if sorted(reported) != sorted(jobs):
        found.append(f"{len(reported)} callbacks arrived for {len(jobs)} jobs")
    wanted = sum(CREATION in scene.sent for scene in SCENES)
    if made != wanted:
        found.append(f"{made} mailboxes were created, expected {wanted}")
    return found
