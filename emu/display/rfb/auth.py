"""VNC authentication: a challenge, enciphered with the password (RFC 6143, 7.2.2)."""
import hmac
import os

CHALLENGE = 16
MOST_PASSWORD = 8


def challenge():
    """Random bytes for a client."""
    return os.urandom(CHALLENGE)


def check_password(password):
    """Raise ValueError for a password that VNC authentication cannot take, ImportError if the cipher is missing."""
    if not 0 < len(password.encode("latin-1", "strict")) <= MOST_PASSWORD:
        raise ValueError
    expected(password, bytes(CHALLENGE))


def expected(password, text):
    """What a client that knows the password answers: DES, with the bits of each byte of the key in reverse."""
    from Crypto.Cipher import DES
    key = password.encode("latin-1").ljust(MOST_PASSWORD, b"\0")
    return DES.new(bytes(int(f"{byte:08b}"[::-1], 2) for byte in key), DES.MODE_ECB).encrypt(text)


def matches(password, text, answer):
    """Does the answer show that the client knows the password?"""
    return hmac.compare_digest(expected(password, text), answer)
