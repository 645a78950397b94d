"""Tokens of an issuer: what is taken, and every trick that is not."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode

from gateway.access.jwks import IssuerKeys
from gateway.access.principal import CallerKind, Principal
from gateway.access.pseudonyms import Pseudonyms
from gateway.access.tokens import Tokens
from gateway.domain.errors import Unauthenticated
from tests.access.issuer import AUDIENCE, EC, ED, ISSUER, NOW, RSA, Clocks, Issuer, claims, header, signed

pytestmark = pytest.mark.anyio


async def verified(token: str, issuer: Issuer | None = None) -> Principal:
    clocks = Clocks()
    keys = IssuerKeys((issuer or Issuer(RSA, EC, ED)).fetch, monotonic=clocks.monotonic)
    return await Tokens(ISSUER, AUDIENCE, keys, Pseudonyms(b"k" * 32), clock=clocks.micros).verify(token)


async def refused(token: str, issuer: Issuer | None = None) -> str:
    with pytest.raises(Unauthenticated) as error:
        await verified(token, issuer)
    assert error.value.code == "UNAUTHENTICATED"
    return error.value.message


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA", "PS256"])
async def test_the_four_algorithms_are_taken(alg: str) -> None:
    caller = await verified(signed(header(alg), claims(scope="read write openid profile")))
    assert caller.kind is CallerKind.TOKEN
    assert caller.scopes == {"read", "write"}
    assert caller.name == "ada@example.org"
    assert not caller.limited


async def test_the_subject_stays_out_of_the_label_that_logs_show() -> None:
    caller = await verified(signed(header(), claims()))
    assert caller.label.startswith("token:")
    assert "ada" not in caller.label
    assert caller.label == (await verified(signed(header("RS256"), claims(scope="")))).label
    assert caller.label != (await verified(signed(header(), claims(sub="bob")))).label


async def test_claims_limit_a_caller_to_sites() -> None:
    caller = await verified(signed(header(), claims(sites=["ath-1"], tags=[])))
    assert caller.sites == frozenset({"ath-1"})
    assert caller.tags == frozenset()


@pytest.mark.parametrize(
    "changed",
    [
        {"sites": "ath-1"},
        {"sites": None},
        {"sites": [1]},
        {"sites": {"ath-1": True}},
        {"tags": "flagship"},
        {"tags": None},
        {"scope": ["read"]},
        {"scope": None},
        {"sub": 7},
    ],
    ids=str,
)
async def test_a_claim_of_the_wrong_type_refuses_the_token(changed: dict[str, Any]) -> None:
    assert await refused(signed(header(), claims(**changed))) == "The token is not valid here."


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example/"},
        {"iss": ISSUER.rstrip("/")},
        {"iss": ...},
        {"iss": [ISSUER]},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": []},
        {"aud": ...},
        {"exp": ...},
        {"exp": None},
        {"exp": str(NOW + 600)},
        {"exp": True},
        {"nbf": NOW + 61},
        {"nbf": "soon"},
    ],
    ids=str,
)
async def test_claims_of_another_place_or_time_are_refused(changed: dict[str, Any]) -> None:
    assert await refused(signed(header(), claims(**changed))) == "The token is not valid here."


@pytest.mark.parametrize(
    "changed", [{"exp": NOW - 59}, {"nbf": NOW + 60}, {"aud": ["another", AUDIENCE]}, {"exp": NOW + 0.5}], ids=str
)
async def test_the_leeway_is_sixty_seconds_and_an_audience_may_be_one_of_several(changed: dict[str, Any]) -> None:
    assert (await verified(signed(header(), claims(**changed)))).has("read")


async def test_an_expired_token_is_told_so() -> None:
    assert await refused(signed(header(), claims(exp=NOW - 60))) == "The token has expired."


async def test_an_expired_token_with_a_bad_signature_is_told_nothing() -> None:
    assert await refused(signed(header(), claims(exp=1), signature=b"0" * 64)) == "The token is not valid here."


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
async def test_a_token_without_a_signature_is_refused(name: str) -> None:
    await refused(signed(header(name), claims(), signature=b""))
    await refused(signed({"alg": name}, claims(), signature=b"x"))


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
async def test_the_public_key_is_no_shared_secret(alg: str) -> None:
    secret = RSA.as_pem(private=False)
    for kid in ("rsa", "ec", None):
        head = {"alg": alg, "kid": kid} if kid else {"alg": alg}
        text = b".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in (head, claims()))
        mac = hmac.digest(secret, text, getattr(hashlib, f"sha{alg[2:]}"))
        await refused((text + b"." + urlsafe_b64encode(mac)).decode())


async def test_a_shared_secret_in_the_key_set_is_no_key() -> None:
    secret = OctKey.generate_key(256, {"kid": "oct"})
    issuer = Issuer(EC)
    issuer.keys.append(secret)
    await refused(signed({"alg": "HS256", "kid": "oct"}, claims(), secret), issuer)


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS512", "ES384", "Ed25519"])
async def test_other_algorithms_are_refused_even_with_the_right_key(alg: str) -> None:
    keys: dict[str, Key] = {"R": RSA, "P": RSA, "E": EC}
    key = keys[alg[0]] if alg != "Ed25519" else ED
    signature = b"0" * 64 if alg == "ES384" else None
    await refused(signed({"alg": alg, "kid": key.kid}, claims(), key, signature))


@pytest.mark.parametrize("member", ["jku", "x5u"])
async def test_a_token_that_says_where_its_key_lies_is_not_believed(member: str) -> None:
    attacker = ECKey.generate_key("P-256", {"kid": "ec"})
    issuer = Issuer(EC)
    await refused(signed(header(**{member: "https://attacker.example/keys"}), claims(), attacker), issuer)
    assert issuer.fetches == 1  # the operator's own address, once


async def test_a_key_inside_the_token_is_not_believed() -> None:
    attacker = ECKey.generate_key("P-256", {"kid": "ec"})
    await refused(signed(header(jwk=attacker.as_dict(private=False)), claims(), attacker))


async def test_a_rightful_token_may_carry_headers_we_do_not_read() -> None:
    assert (await verified(signed(header(jku=ISSUER + "keys", nonce="x"), claims()))).has("read")


@pytest.mark.parametrize(
    "changed",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"kid": 5},
        {"kid": ["ec"]},
    ],
    ids=str,
)
async def test_headers_that_change_the_meaning_are_refused(changed: dict[str, Any]) -> None:
    await refused(signed(header(**changed), claims()))


async def test_a_key_of_another_family_or_use_does_not_verify() -> None:
    await refused(signed(header("ES256", kid="rsa"), claims()))
    wrong_use = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"})
    await refused(signed(header(kid="enc"), claims(), wrong_use), Issuer(wrong_use))
    wrong_alg = RSAKey.import_key(RSA.as_dict(private=True), {"kid": "ps", "alg": "PS256"})
    await refused(signed(header("RS256", kid="ps"), claims(), wrong_alg), Issuer(wrong_alg))
    wrong_curve = OKPKey.generate_key("X25519", {"kid": "x"})
    await refused(signed(header("EdDSA", kid="x"), claims(), signature=b"0" * 64), Issuer(wrong_curve))


async def test_a_token_without_a_key_id_needs_a_single_fitting_key() -> None:
    token = signed(header(kid=...), claims())
    assert (await verified(token, Issuer(RSA, EC))).has("read")
    await refused(token, Issuer(ECKey.generate_key("P-256", {"kid": "other"}), EC))
    for_rs, for_ps = (RSAKey.import_key(RSA.as_dict(private=True), {"kid": a, "alg": a}) for a in ("RS256", "PS256"))
    assert (await verified(signed(header("PS256", kid=...), claims()), Issuer(for_rs, for_ps))).has("read")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "é.é.é",
        "eyJhbGciOiJFUzI1NiJ9..",
        "W10.e30.",
        "IkVTMjU2Ig.e30.AA",
        "bnVsbA.e30.AA",
        "W1tb" * 3000 + ".e30.AA",
        "A" * 20_000 + ".e30.AA",
        "e30.e30.e30.e30.e30",
    ],
    ids=lambda text: f"{text[:20]}-{len(text)}",
)
async def test_rubbish_is_refused_before_the_issuer_is_asked(token: str) -> None:
    issuer = Issuer(EC)
    message = await refused(token, issuer)
    assert message == "The token is not valid here."
    assert issuer.fetches == int(token.startswith("eyJ"))


@pytest.mark.parametrize("body", [[], "text", None, 5, {}])
async def test_a_signed_body_that_holds_no_claims_is_refused(body: object) -> None:
    await refused(signed(header(), body))


async def test_an_altered_token_is_refused() -> None:
    head, body, signature = signed(header(), claims()).split(".")
    other = signed(header(), claims(scope="admin")).split(".")[1]
    await refused(f"{head}.{other}.{signature}")
    await refused(f"{head}.{body}.{signature}=")
    await refused(f"{head}.{body}.{signature[:-4]}AAAA")
