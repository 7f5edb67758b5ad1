"""XML texts: reading parts by path."""

from __future__ import annotations

from runnel.compiler.functions.model import Unsupported, fn

_PATH = (
    "Paths begin at the root element: `customer/name`, `item[2]/@sku`, `//price`, `item[@sku='A1']`; `/order/@id` "
    "begins at the root's own name. A bare name means any namespace, a prefixed one (`s:Body`) that of the third "
    "argument, `s=urn:soap`. "
)
_FAILS = "Text that is no XML fails, and so does a document that declares entities, exceeds 16 MiB or 256 levels."
_NULLS = "NULL when an argument is NULL, or nothing is found."
_NO = Unsupported("xpath() there knows names by namespace only, and follows document types")
_ORDER = "<order id=\"7\"><item>a</item><item>b</item></order>"

FUNCTIONS = (
    fn(
        "xml_text(document: text, path: text, namespaces: text = '') -> VARCHAR",
        "The text of the first element or attribute at a path.",
        _PATH + "All text inside the element, without white space around; NULL when it is empty. " + _FAILS,
        (f"xml_text('{_ORDER}', 'item')", "'a'"),
        (f"xml_text('{_ORDER}', '/order/@id')", "'7'"),
        (f"xml_text('{_ORDER}', 'price')", "NULL"),
        build="list_extract(runnel_xml_list(:document, :path, :namespaces), 1)",
        postgres=_NO,
        may_fail=True,
        nulls=_NULLS,
    ),
    fn(
        "xml_texts(document: text, path: text, namespaces: text = '') -> VARCHAR[]",
        "The texts of all elements or attributes at a path.",
        _PATH + "As `xml_text`, in the order of the document; an empty list when there are none. " + _FAILS,
        (f"xml_texts('{_ORDER}', 'item')", "['a', 'b']"),
        build="runnel_xml_list(:document, :path, :namespaces)",
        postgres=_NO,
        may_fail=True,
    ),
    fn(
        "xml_extract(document: text, path: text, namespaces: text = '') -> VARCHAR",
        "The first element at a path, as XML.",
        _PATH + _FAILS,
        (f"xml_extract('{_ORDER}', 'item[2]')", "'<item>b</item>'"),
        build="list_extract(runnel_xml_list(:document, (:path) || '/xml()', :namespaces), 1)",
        postgres=_NO,
        may_fail=True,
        nulls=_NULLS,
    ),
    fn(
        "xml_exists(document: text, path: text, namespaces: text = '') -> BOOLEAN",
        "Whether there is an element or attribute at a path.",
        _PATH + _FAILS,
        (f"xml_exists('{_ORDER}', 'item')", "TRUE"),
        (f"xml_exists('{_ORDER}', '@paid')", "FALSE"),
        build="len(runnel_xml_list(:document, :path, :namespaces)) > 0",
        postgres=_NO,
        may_fail=True,
    ),
    fn(
        "is_xml(value: text) -> BOOLEAN",
        "Whether a text is an XML document that can be read.",
        "FALSE also for a document that declares entities, exceeds 16 MiB or 256 levels.",
        ("is_xml('<a>1</a>')", "TRUE"),
        ("is_xml('<a>')", "FALSE"),
        build="runnel_is_xml(:value)",
        postgres=_NO,
    ),
)
