"""Notices have the same padding in every element."""

from typing import Any

from accounts.tests.personas import Personas

from .admin_clients import admin_client_for
from .browsers import Complaints, chromium, needs_browser
from .test_accessibility import enter

pytestmark = needs_browser

# The paddings of a notice of each kind, as a paragraph and as a div, in each place where templates use one.
_PADDINGS = """() => {
    const places = ["", "module", "card", "card-notes", "dialog-body"];
    const kinds = ["notice good", "notice warn", "notice bad", "errornote", "help"];
    return places.flatMap(place => kinds.map(kind => ["p", "div"].map(name => {
        const around = document.createElement("div");
        around.className = place;
        const notice = document.createElement(name);
        notice.className = kind;
        if (kind === "help") notice.setAttribute("role", "note");
        notice.textContent = "Text";
        around.append(notice);
        document.querySelector("#content").append(around);
        const padding = getComputedStyle(notice).padding;
        around.remove();
        return [place, kind, name, padding];
    })));
}"""


def test_a_notice_that_is_a_paragraph_is_padded_like_any_other(
    live_server: Any, acme: Personas
) -> None:
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.goto("/admin/workforce/employee/import/")
        # The styles of a card page, which has notices too.
        page.evaluate(
            """async () => { const sheet = document.querySelector('link[href*="css/components"]').cloneNode();
            sheet.href = "/static/workcards/css/review.css";
            await new Promise(done => { sheet.onload = done; document.head.append(sheet); }); }"""
        )
        for paragraph, division in page.evaluate(_PADDINGS):
            assert paragraph[3] == division[3] != "0px", (paragraph, division)
    complaints.check()
