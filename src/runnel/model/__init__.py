"""The pipeline document: load, save, versions, migrations, findings."""

from runnel.model.difference import Difference, difference
from runnel.model.document import (
    FORMAT_VERSION,
    DeadLetterSettings,
    InputDoc,
    NodeDoc,
    Param,
    Pipeline,
    PortType,
    Settings,
    TestDoc,
    Wire,
)
from runnel.model.editing import apply_edits, edit_mapping, rename_node
from runnel.model.findings import Edit, Finding, Fix, Where, has_errors
from runnel.model.hashing import semantic_hash, version_hash
from runnel.model.loading import from_mapping, load_file, load_text
from runnel.model.params import Reference, check_references, find_references, resolve_params, substitute
from runnel.model.saving import format_text, to_mapping, to_yaml
from runnel.model.schema import document_schema

__all__ = [
    "FORMAT_VERSION",
    "DeadLetterSettings",
    "Difference",
    "Edit",
    "Finding",
    "Fix",
    "InputDoc",
    "NodeDoc",
    "Param",
    "Pipeline",
    "PortType",
    "Reference",
    "Settings",
    "TestDoc",
    "Where",
    "Wire",
    "apply_edits",
    "check_references",
    "difference",
    "document_schema",
    "edit_mapping",
    "find_references",
    "format_text",
    "from_mapping",
    "has_errors",
    "load_file",
    "load_text",
    "rename_node",
    "resolve_params",
    "semantic_hash",
    "substitute",
    "to_mapping",
    "to_yaml",
    "version_hash",
]
