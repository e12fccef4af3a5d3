"""Canonical URLs: equal for two links to one article."""

import re
from urllib.parse import urlsplit, urlunsplit

from w3lib.url import canonicalize_url

# Parameters that say how a reader came, never what is read.
# fmt: off
_TRACKING = frozenset({  # one word a line would hide the rest of the module
    "_ga", "_gl", "at_campaign", "at_medium", "cmpid", "dclid", "fbclid", "gbraid", "gclid",
    "gclsrc", "igsh", "igshid", "mc_cid", "mc_eid", "mkt_tok", "msclkid", "ns_campaign",
    "ns_mchannel", "ns_source", "oly_anon_id", "oly_enc_id", "s_cid", "smid", "taid", "twclid",
    "vero_id", "wbraid", "wickedid", "xtor", "yclid",
})
# fmt: on
_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_", "hsa_")
_DEFAULT_PORT = re.compile(r"(?<=[^:]):(?:80|443)$")
# Host names in other scripts are converted in quadratic time: a longer URL is taken as it is.
_MAX_CHARS = 8192


def canonical_url(url: str) -> str:
    """The same string for every link to one page; a URL that cannot be parsed stays as it is.

    For comparing only: ``https`` becomes ``http``, so do not follow it.
    """
    if len(url) > _MAX_CHARS:
        return url
    try:
        parts = urlsplit(url)
        query = "&".join(pair for pair in parts.query.split("&") if not _tracks(pair))
        scheme, host, path, query, _ = urlsplit(
            canonicalize_url(urlunsplit(parts._replace(query=query, fragment="")))
        )
    except ValueError:
        return url
    if scheme not in {"http", "https"}:
        return urlunsplit((scheme, host, path, query, ""))
    return urlunsplit(("http", _DEFAULT_PORT.sub("", host), path, query, ""))


def _tracks(pair: str) -> bool:
    name = pair.partition("=")[0].casefold()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)
