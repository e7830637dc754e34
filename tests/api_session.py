"""A front end for tests that knows only the API's address and its credentials."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import requests

TIMEOUT = 60  # seconds
File = tuple[str, bytes]


class Front:
    """A client of the API over a real connection. Each call checks the status and returns the parsed response."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.headers: dict[str, str] = {}

    @classmethod
    def signed_in(cls, address: str, email: str, password: str) -> Self:
        """Sign in through the API and return the signed-in front end."""
        front = cls(address)
        said = front.post("auth/login", {"email": email, "password": password})
        front.headers["Authorization"] = f"Bearer {said['access']}"
        return front

    def ask(
        self, method: str, path: str, *, status: int = 200, **options: Any
    ) -> requests.Response:
        """Send a request under `/api`, assert its status, and return the response."""
        url = path if path.startswith("/") else f"/api/{path}"
        # Use one connection per request: a persistent connection would outlive the test and hold a database connection.
        answer = requests.request(
            method,
            f"{self.address}{url}",
            headers=self.headers,
            timeout=TIMEOUT,
            **options,
        )
        assert answer.status_code == status, (method, url, answer.text)
        return answer

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return self.ask("GET", path, status=status, params=query).json()

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return all results of a list that fits on one page."""
        answer = self.get(path, **query)
        assert answer["count"] == len(answer["results"])
        found: list[dict[str, Any]] = answer["results"]
        return found

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self.ask("POST", path, status=status, json=body or {}).json()

    def create(self, path: str, **body: Any) -> Any:
        return self.post(path, body, status=201)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        return self.ask("PUT", path, status=status, json=body).json()

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return self.ask("PATCH", path, status=status, json=body).json()

    def send(
        self, path: str, name: str, files: Sequence[File], status: int, **fields: str
    ) -> Any:
        """Post a form with files, all in the field `name`."""
        parts = [(name, file) for file in files]
        return self.ask("POST", path, status=status, files=parts, data=fields).json()

    def download(self, path: str, **query: Any) -> bytes:
        return self.ask("GET", path, params=query).content

    def conflict_code(self, method: str, path: str, body: Mapping[str, Any]) -> str:
        """Send a request that must fail with 409, and return the error's code."""
        answer = self.ask(method, path, status=409, json=body)
        code: str = answer.json()["errors"][0]["code"]
        return code
