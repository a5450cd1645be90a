from collections.abc import Sequence
from typing import Optional, Union

Id = Union[str, bytes]
Value = Union[bool, int, str]
Header = tuple[str, str]

class RemitError(Exception):
    code: str

class Refused(RemitError):
    number: int
    reason: str

class FollowError(RemitError): ...

class PolicyError(RemitError):
    line: int
    key: Optional[str]

class Policy:
    @staticmethod
    def from_toml(text: Union[str, bytes]) -> Policy: ...
    @property
    def party(self) -> str: ...
    @property
    def max_staleness(self) -> int: ...
    @property
    def skew_ms(self) -> int: ...
    @property
    def record(self) -> str: ...
    def route(self, method: str, target: str) -> tuple[str, str, Optional[tuple[int, str]]]: ...

class Argument:
    def __init__(self, name: str, value: Value, salt: Optional[bytes] = None) -> None: ...
    @staticmethod
    def decode(bytes: bytes) -> Argument: ...
    def encode(self) -> bytes: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> Value: ...
    @property
    def salt(self) -> bytes: ...
    @property
    def digest(self) -> str: ...

class Asked:
    audience: str
    action: str
    resource: str
    valid_until: int
    amount: Optional[int]
    unit: Optional[str]
    settle_by: Optional[int]
    refund_until: Optional[int]
    request: Optional[str]

class Subject:
    ledger: Optional[str]
    issuer: Optional[str]
    root: Optional[str]
    token: Optional[str]
    holder: Optional[str]
    id: Optional[str]
    request_id: Optional[str]
    invocation: Optional[Asked]

class Verdict:
    @property
    def decision(self) -> str: ...
    @property
    def code(self) -> Optional[str]: ...
    @property
    def age_ms(self) -> Optional[int]: ...
    @property
    def checks(self) -> list[tuple[str, Optional[int], str, Optional[str]]]: ...
    @property
    def subject(self) -> Subject: ...
    def json(self) -> str: ...

class Verifier:
    def __init__(self, policy: Policy, newest: int = 0) -> None: ...
    def verify(
        self,
        presentation: bytes,
        invocation: Optional[bytes] = None,
        arguments: Sequence[Argument] = (),
        approvals: Sequence[bytes] = (),
        evidence: Optional[bytes] = None,
        *,
        now_ms: int,
    ) -> Verdict: ...
    def proves(self, evidence: bytes, *, now_ms: int) -> None: ...
    def follow(self, state: Followed) -> None: ...
    def see(self, newest: int) -> None: ...
    @property
    def newest(self) -> int: ...

class Followed:
    @staticmethod
    def begin(policy: Policy, update: bytes, *, now_ms: int) -> Followed: ...
    def advance(self, policy: Policy, update: bytes, *, now_ms: int) -> Followed: ...
    @staticmethod
    def restore(snapshot: bytes) -> Followed: ...
    def snapshot(self) -> bytes: ...
    @property
    def ledger(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def root(self) -> str: ...
    @property
    def note(self) -> bytes: ...
    @property
    def leaves(self) -> int: ...
    @property
    def committed_ms(self) -> int: ...
    @property
    def frozen(self) -> bool: ...
    def status(self, index: int) -> Optional[int]: ...
    def listed(self) -> list[tuple[int, int]]: ...

class Case:
    now_ms: int
    newest: int
    presentation: bytes
    invocation: Optional[bytes]
    arguments: list[Argument]
    evidence: Optional[bytes]
    policy: bytes
    approvals: list[bytes]
    @staticmethod
    def decode(bytes: bytes) -> Case: ...
    def encode(self) -> bytes: ...

class Fields:
    def __init__(
        self,
        invocation: bytes,
        presentation: Id,
        arguments: Sequence[Argument] = (),
        approvals: Sequence[bytes] = (),
        evidence: Optional[Id] = None,
    ) -> None: ...
    @staticmethod
    def read(headers: Sequence[tuple[bytes, bytes]]) -> Fields: ...
    def headers(self) -> list[Header]: ...
    @property
    def invocation(self) -> bytes: ...
    @property
    def presentation(self) -> str: ...
    @property
    def arguments(self) -> list[Argument]: ...
    @property
    def approvals(self) -> list[bytes]: ...
    @property
    def evidence(self) -> Optional[str]: ...

class Unrecorded:
    id: str
    request_id: Optional[str]
    root: str
    valid_until: int

class OpenLease:
    @staticmethod
    def verify(proof: bytes, policy: Policy, *, now_ms: int) -> OpenLease: ...
    @property
    def id(self) -> str: ...
    @property
    def ledger(self) -> str: ...
    @property
    def till(self) -> str: ...
    @property
    def amount(self) -> int: ...
    @property
    def unit(self) -> str: ...
    @property
    def spend_until(self) -> int: ...
    @property
    def settle_by(self) -> int: ...
    @property
    def holder(self) -> str: ...
    @property
    def per_use(self) -> Optional[int]: ...

class Till:
    def __init__(self, till: Id, lease: OpenLease) -> None: ...
    def accept(
        self,
        lease: OpenLease,
        voucher: bytes,
        arguments: Sequence[Argument] = (),
        *,
        policy: Policy,
        now_ms: int,
    ) -> Optional[Till]: ...
    def close(self) -> Till: ...
    @property
    def closed(self) -> bool: ...
    @property
    def number(self) -> int: ...
    @property
    def cumulative(self) -> int: ...
    @property
    def last(self) -> Optional[bytes]: ...
    @staticmethod
    def decode(bytes: bytes) -> Till: ...
    def encode(self) -> bytes: ...

class Wallet:
    def __init__(self, ledger: Id, proof: bytes) -> None: ...
    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def cumulative(self) -> int: ...
    @property
    def last(self) -> Optional[bytes]: ...
    def take_back(self) -> Wallet: ...
    @staticmethod
    def decode(bytes: bytes) -> Wallet: ...
    def encode(self) -> bytes: ...

class Permission:
    def __init__(
        self,
        *,
        services: Optional[Sequence[Id]] = None,
        actions: Optional[Sequence[str]] = None,
        resources: Optional[Sequence[str]] = None,
        conditions: Sequence[tuple[str, str, Sequence[Value]]] = (),
    ) -> None: ...

class Link:
    def __init__(
        self,
        holder: Id,
        expires: int,
        *,
        not_before: Optional[int] = None,
        permissions: Optional[Sequence[Permission]] = None,
        delegation: Optional[tuple[str, int]] = None,
        max_staleness: Optional[int] = None,
        budgets: Optional[Sequence[tuple[Id, Optional[int], Optional[int]]]] = None,
    ) -> None: ...

class Ask:
    def __init__(
        self,
        audience: Id,
        action: str,
        resource: str,
        *,
        arguments: Sequence[Argument] = (),
        amount: Optional[int] = None,
        unit: Optional[Id] = None,
        settle_by: Optional[int] = None,
        refund_until: Optional[int] = None,
        request_nonce: Optional[bytes] = None,
        valid_until: Optional[int] = None,
    ) -> None: ...

class Holder:
    def __init__(self, key: Union[str, bytes]) -> None: ...
    @property
    def public_key(self) -> str: ...
    def invoke(
        self,
        presentation: bytes,
        ask: Ask,
        *,
        now_ms: int,
        request: Optional[Id] = None,
        nonce: Optional[bytes] = None,
    ) -> tuple[str, bytes]: ...
    def request(
        self,
        presentation: bytes,
        ask: Ask,
        *,
        method: str,
        authority: str,
        target: str,
        content: Optional[bytes] = None,
        approvals: Sequence[bytes] = (),
        evidence: Optional[bytes] = None,
        now_ms: int,
        nonce: Optional[bytes] = None,
    ) -> list[Header]: ...
    def attenuate(
        self, presentation: bytes, claims: Link, *, now_ms: int, nonce: Optional[bytes] = None
    ) -> tuple[bytes, str]: ...
    def voucher(
        self,
        wallet: Wallet,
        *,
        amount: int,
        action: str,
        resource: str,
        arguments: Sequence[Argument] = (),
        request: Optional[Id] = None,
        valid_until: Optional[int] = None,
        now_ms: int,
        nonce: Optional[bytes] = None,
    ) -> tuple[Wallet, bytes]: ...

INVOCATION_VALIDITY_MAX: int
APPROVAL_VALIDITY_MAX: int
PRESENTATION_BYTES_MAX: int
EVIDENCE_BYTES_MAX: int

def refusal(code: str) -> Refused: ...
def status_changes(
    changes: bytes, size: int, *, before: bytes = b"", before_size: int = 0
) -> tuple[bytes, str]: ...
def codes() -> dict[str, tuple[int, str]]: ...
def judge_case(case: bytes, policy: Optional[Policy] = None) -> Verdict: ...
def request_digest(method: str, authority: str, target: str, content: Id, presentation: Id) -> str: ...
def content_digest(value: bytes) -> Optional[str]: ...
def written_content_digest(hash: Id) -> str: ...
def decide(
    verifier: Verifier,
    method: str,
    authority: str,
    target: str,
    content_digest: Id,
    fields: Fields,
    presentation: bytes,
    evidence: Optional[bytes] = None,
    *,
    now_ms: int,
) -> tuple[Optional[Verdict], Union[Unrecorded, str]]: ...
