"""The server: thin routes under `/api/v1`, who may call them, live events, and the editor's files."""
