"""What Yahoo's words for an instrument mean here: its asset class and its exchange's calendar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml4t_nb.errors import SymbolUnknown
from ml4t_nb.model import AssetClass
from ml4t_nb.providers.base import Instrument

__all__ = ["instrument_of"]

_CLASSES: Mapping[str, AssetClass] = {
    "EQUITY": "equities",
    "ETF": "etfs",
    "INDEX": "indices",
    "CRYPTOCURRENCY": "crypto",
    "CURRENCY": "fx",
}

# Yahoo's exchange codes by the MIC whose calendar they keep.
_EXCHANGES = {
    "XNYS": "NMS NGM NCM NYQ ASE PCX BTS PNK OQB OQX OEM SNP DJI NIM NYS WCB CBO CXI",
    "XLON": "LSE IOB FGI",
    "XTKS": "JPX OSA",
    "XHKG": "HKG",
    "XSHG": "SHH SHZ",
    "XKRX": "KSC KOE",
    "XTAI": "TAI TWO",
    "XBOM": "BSE NSI",
    "XSES": "SES",
    "XASX": "ASX",
    "XNZE": "NZE",
    "XTSE": "TOR VAN NEO CNQ",
    "XETR": "GER",
    "XFRA": "FRA",
    "XPAR": "PAR",
    "XAMS": "AMS",
    "XBRU": "BRU",
    "XLIS": "LIS",
    "XMIL": "MIL",
    "XMAD": "MCE",
    "XSWX": "EBS VTX",
    "XSTO": "STO",
    "XHEL": "HEL",
    "XCSE": "CPH",
    "XOSL": "OSL",
    "XICE": "ICE",
    "XWBO": "VIE",
    "XWAR": "WSE",
    "XPRA": "PRA",
    "XBUD": "BUD",
    "ASEX": "ATH",
    "XIST": "IST",
    "XDUB": "ISE",
    "BVMF": "SAO",
    "XMEX": "MEX",
    "XBUE": "BUE",
    "XSGO": "SGO",
    "XJSE": "JNB",
    "XTAE": "TLV",
    "XSAU": "SAU",
    "XKLS": "KLS",
    "XIDX": "JKT",
    "XBKK": "SET",
}
_BY_CODE = {code: mic for mic, codes in _EXCHANGES.items() for code in codes.split()}

# For a code that is not listed above, such as those of index publishers: the one exchange whose
# hours everybody in that zone means.
_BY_ZONE = {
    "America/New_York": "XNYS",
    "America/Toronto": "XTSE",
    "America/Sao_Paulo": "BVMF",
    "Europe/London": "XLON",
    "Europe/Paris": "XPAR",
    "Europe/Zurich": "XSWX",
    "Europe/Madrid": "XMAD",
    "Europe/Amsterdam": "XAMS",
    "Europe/Stockholm": "XSTO",
    "Asia/Tokyo": "XTKS",
    "Asia/Hong_Kong": "XHKG",
    "Asia/Shanghai": "XSHG",
    "Asia/Seoul": "XKRX",
    "Asia/Kolkata": "XBOM",
    "Australia/Sydney": "XASX",
}
_OF_CLASS = {"crypto": "24/7", "fx": "fx"}
# Neither keeps the hours of the exchange that lists it, so nobody could tell which of its bars
# are finished, or missing.
_FOREIGN = ("FUTURE", "OPTION")


def instrument_of(meta: Mapping[str, Any]) -> Instrument:
    """Asset class and calendar by the words that come with every reply, where they are known.

    Raises
    ------
    SymbolUnknown
        For a future or an option, which is none of the asset classes.
    """
    kind = str(meta.get("instrumentType", ""))
    asset_class = _CLASSES.get(kind)
    if asset_class in _OF_CLASS:
        return Instrument(asset_class, _OF_CLASS[asset_class])
    if kind in _FOREIGN:
        raise SymbolUnknown(
            f"yahoo lists {meta.get('symbol', 'it')} as {kind.lower()}, which is not a "
            "supported asset class",
            provider="yahoo",
            hint="load equities, etfs, indices, crypto or fx",
        )
    by_zone = _BY_ZONE.get(str(meta.get("exchangeTimezoneName", "")))
    return Instrument(asset_class, _BY_CODE.get(str(meta.get("exchangeName", "")), by_zone))
