# SPDX-License-Identifier: MIT
"""aiosmtpd_sasl.py: mechanisms that aiosmtpd does not have: CRAM-MD5 (RFC 2195), DIGEST-MD5 (RFC 2831, qop "auth"),
SCRAM-SHA-256 (RFC 7677, without channel binding), OAUTHBEARER (RFC 7628) and XOAUTH2, the server's side, for one user."""
import base64
import hashlib
import hmac
import re
import secrets

from aiosmtpd.smtp import MISSING, AuthResult

REALM = "test"
ROUNDS = 4096


def result(mechanism, user, right):
    # A failure must not be "handled", or aiosmtpd says nothing to the client.
    return AuthResult(success=right, handled=right, auth_data={"mechanism": mechanism, "user": user} if right else None)


def md5(*parts):
    return hashlib.md5(b":".join(parts)).hexdigest().encode()


def digest(password, said, before_uri):
    """RFC 2831, section 2.1.2.1: what proves that one knows the password."""
    secret = hashlib.md5(b":".join((said["username"], said.get("realm", b""), password))).digest()
    parts = [secret, said["nonce"], said["cnonce"]] + ([said["authzid"]] if "authzid" in said else [])
    return md5(md5(*parts), said["nonce"], said["nc"], said["cnonce"], said["qop"], md5(before_uri, said["digest-uri"]))


def attributes(text, separator=b","):
    """a=x,b=y of SCRAM."""
    return dict(part.split(b"=", 1) for part in text.split(separator) if b"=" in part)


class Mechanisms:
    """To be mixed into a handler of aiosmtpd, which finds the mechanisms by the names of these functions."""
    user, password = b"", b""

    async def auth_CRAM__MD5(self, server, args):
        challenge = b"<%s@aiosmtpd.test>" % secrets.token_hex(8).encode()
        answer = await server.challenge_auth(challenge)
        if answer is MISSING:
            return None
        user, _, proof = answer.rpartition(b" ")
        right = hmac.new(self.password, challenge, "md5").hexdigest().encode()
        return result("CRAM-MD5", user.decode(errors="replace"), user == self.user and hmac.compare_digest(proof, right))

    async def auth_DIGEST__MD5(self, server, args):
        nonce = secrets.token_hex(16).encode()
        answer = await server.challenge_auth(
            b'realm="%s",nonce="%s",qop="auth",charset=utf-8,algorithm=md5-sess' % (REALM.encode(), nonce))
        if answer is MISSING:
            return None
        said = {name.decode().lower(): quoted or plain
                for name, quoted, plain in re.findall(rb'([\w-]+)=(?:"([^"]*)"|([^,]*))', answer)}
        try:
            right = said["username"] == self.user and said["nonce"] == nonce and said["qop"] == b"auth" and \
                hmac.compare_digest(said["response"], digest(self.password, said, b"AUTHENTICATE"))
        except KeyError:
            right = False
        if right:
            await server.challenge_auth(b"rspauth=" + digest(self.password, said, b""))
        return result("DIGEST-MD5", said.get("username", b"").decode(errors="replace"), right)

    async def auth_SCRAM__SHA__256(self, server, args):
        first = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth(b"")
        if first is MISSING:
            return None
        header, bare = re.match(rb"([ny],[^,]*,)(.*)", first, re.DOTALL).groups()
        said = attributes(bare)
        nonce = said[b"r"] + secrets.token_hex(12).encode()
        salt = secrets.token_bytes(16)
        challenge = b"r=%s,s=%s,i=%d" % (nonce, base64.b64encode(salt), ROUNDS)
        final = await server.challenge_auth(challenge)
        if final is MISSING:
            return None
        without_proof, _, proof = final.rpartition(b",p=")
        salted = hashlib.pbkdf2_hmac("sha256", self.password, salt, ROUNDS)
        message = b",".join((bare, challenge, without_proof))
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        wanted = bytes(a ^ b for a, b in zip(key, signature))
        answer = attributes(without_proof)
        right = said[b"n"] == self.user and answer.get(b"c") == base64.b64encode(header) and \
            answer.get(b"r") == nonce and hmac.compare_digest(base64.b64decode(proof), wanted)
        if right:
            server_key = hmac.digest(salted, b"Server Key", "sha256")
            await server.challenge_auth(b"v=" + base64.b64encode(hmac.digest(server_key, message, "sha256")))
        return result("SCRAM-SHA-256", said[b"n"].decode(errors="replace"), right)


class TokenMechanisms:
    """The same for logins by a bearer token."""
    user, token = b"", b""

    async def auth_OAUTHBEARER(self, server, args):
        return await self.login_by_token("OAUTHBEARER", server, args, b"\x01",
                                         rb"n,a=([^,\x01]*),\x01(?:host=[!-~]+\x01)?(?:port=\d+\x01)?auth=Bearer ([^\x01]*)\x01\x01")

    async def auth_XOAUTH2(self, server, args):
        return await self.login_by_token("XOAUTH2", server, args, b"", rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01")

    async def login_by_token(self, mechanism, server, args, dummy, form):
        said = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth(b"")
        if said is MISSING:
            return None
        match = re.fullmatch(form, said)
        right = match is not None and match[1] == self.user and hmac.compare_digest(match[2], self.token)
        if not right:
            answer = await server.challenge_auth(b'{"status":"invalid_token","scope":"mail"}')
            if answer is MISSING:
                return None
            if answer != dummy:
                await server.push("501 5.5.2 That is no answer to an error")
                return None
        return result(mechanism, self.user.decode(), right)
