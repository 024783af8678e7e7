"""The table of the handshake that chooses the dialect (supportedAppProtocol), the same for all of them.

Names, order and bounds are facts of the schema V2G_CI_AppProtocol of ISO 15118-2. grammar.py explains the form.
"""

NAMESPACE = "urn:iso:15118:2:2010:AppProtocol"
ROOTS = ("supportedAppProtocolReq", "supportedAppProtocolRes")
"""The global elements in the order of their event codes."""
ENUMS = {
    "ResponseCode": "OK_SuccessfulNegotiation OK_SuccessfulNegotiationWithMinorDeviation Failed_NoNegotiation",
}
TYPES = {
    "supportedAppProtocolReq": "AppProtocol[20]",
    "AppProtocolType": (
        "ProtocolNamespace:str100 VersionNumberMajor:u32 VersionNumberMinor:u32 SchemaID:0..255 Priority:1..20"
    ),
    "supportedAppProtocolRes": "ResponseCode SchemaID:0..255?",
}
