"""The warning on leaving a page with edits, on every form of the admin.

Without edits no warning appears.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from workforce.models import Employee

from .admin_clients import admin_client_for
from .browsers import Complaints, chromium, needs_browser
from .review_fixtures import found
from .test_accessibility import enter, is_there, kinds_of_pages

pytestmark = needs_browser

ADD = "/admin/workforce/employee/add/"

# Edit and restore each field of each form in turn. Return the fields after which the warning is missing, or appears
# without reason. Forms are found by their elements, not by the selector of the script.
_TRY_FORMS = """async () => {
    const asks = () => !dispatchEvent(new Event("beforeunload", { cancelable: true }));
    const wrong = [], tried = [];
    const edit = field => {
        const before = { value: field.value, checked: field.checked };
        if (field.type === "file") {
            const files = new DataTransfer();
            files.items.add(new File(["x"], "x.csv"));
            field.files = files.files;
            return () => { field.value = ""; };
        }
        if (["checkbox", "radio"].includes(field.type)) {
            const group = [...field.form.elements].filter(one => one.name === field.name);
            const was = group.map(one => one.checked);
            field.checked = !field.checked;
            return () => group.forEach((one, at) => { one.checked = was[at]; });
        }
        if (field.matches("select")) {
            const other = [...field.options].find(one => !one.selected);
            if (!other) {
                // As Select2 adds what is chosen.
                const added = field.appendChild(new Option("x", "x", false, true));
                return () => added.remove();
            }
            const was = [...field.options].map(one => one.selected);
            other.selected = !other.selected;
            return () => [...field.options].forEach((one, at) => { one.selected = was[at]; });
        }
        const samples = { date: "2020-02-02", month: "2020-02", number: "7", time: "07:07" };
        field.value = samples[field.type] ?? `${field.value}x`;
        return () => { field.value = before.value; };
    };
    if (asks()) wrong.push("asks at once");
    for (const form of document.querySelectorAll("main form")) {
        if (form.method !== "post" || form.getAttribute("role") === "search" || form.id === "changelist-form") continue;
        const dialog = form.closest("dialog");
        dialog?.showModal();
        const fields = [...form.elements].filter(one => one.name && !one.readOnly && !one.disabled
            && !["hidden", "submit", "button", "fieldset"].includes(one.type)).slice(0, 12);
        for (const field of fields) {
            const back = edit(field);
            field.dispatchEvent(new Event("input", { bubbles: true }));
            if (!asks()) wrong.push(`${field.name}: does not ask`);
            if (dialog) {
                dialog.close();
                if (asks()) wrong.push(`${field.name}: asks for a closed dialog`);
                dialog.showModal();
            }
            back();
            field.dispatchEvent(new Event("input", { bubbles: true }));
            if (asks()) wrong.push(`${field.name}: asks after it was put back`);
            tried.push(field.name);
        }
        dialog?.close();
    }
    return [wrong, tried];
}"""


def test_every_form_of_every_page_asks_for_its_edits(
    live_server: Any, acme: Personas, rows_of_acme: dict[str, Any]
) -> None:
    complaints, client = Complaints(), admin_client_for(acme.admin)
    # Also a closed month of the business, which a dialog reopens.
    month = f"{reverse('admin:month')}?month=2020-01"
    paths = [
        path
        for path in [*kinds_of_pages(rows_of_acme), month]
        if "login" not in path and is_there(client, path)
    ]
    tried, wrong = {}, []
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.on("dialog", lambda dialog: dialog.accept())
        for path in paths:
            page.goto(path)
            faults, tried[path] = page.evaluate(_TRY_FORMS)
            wrong += [f"{path} {fault}" for fault in faults]
    assert wrong == []
    forms = [path for path, fields in tried.items() if fields]
    assert len(forms) > 12, forms
    for part in ("employee/add/", "user/add/", "sitesettings/", "upload/", "import/"):
        assert any(part in path for path in forms), part
    assert tried[month] != []
    complaints.check()


@pytest.fixture
def page_and_warnings(
    acme: Personas, open_review_page: Callable[..., Any]
) -> tuple[Any, list[str]]:
    """Return a page that dismisses the warning, and the warnings that it showed."""
    page = open_review_page(acme.admin, ADD)
    warnings: list[str] = []

    def stay(dialog: Any) -> None:
        warnings.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    return page, warnings


def leave(page: Any, selector: str = ".brand") -> None:
    page.click(selector, no_wait_after=True)
    page.wait_for_timeout(300)


def test_edits_of_an_employee_show_a_warning_until_saved(
    acme: Personas, page_and_warnings: tuple[Any, list[str]]
) -> None:
    page, warnings = page_and_warnings
    page.fill("[name=full_name]", "Dana Levi")
    leave(page)
    assert warnings == ["beforeunload"]
    assert page.input_value("[name=full_name]") == "Dana Levi"
    # Another form also leaves the page.
    page.click("#user-tools .menu summary")
    leave(page, "#logout-form button")
    assert warnings == ["beforeunload"] * 2
    page.click("[name=_save]")
    page.wait_for_url("**/admin/workforce/employee/")
    assert found(acme, lambda: Employee.objects.filter(full_name="Dana Levi").count())
    assert warnings == ["beforeunload"] * 2


def test_an_edit_that_is_changed_back_shows_no_warning(
    page_and_warnings: tuple[Any, list[str]],
) -> None:
    page, warnings = page_and_warnings
    page.fill("[name=full_name]", "Dana")
    page.fill("[name=full_name]", "")
    leave(page)
    page.wait_for_url("**/admin/")
    assert warnings == []


@pytest.mark.parametrize("language", ["en", "he"])
def test_a_rejected_form_is_not_saved(
    acme: Personas, page_and_warnings: tuple[Any, list[str]], language: str
) -> None:
    page, warnings = page_and_warnings
    found(acme, lambda: User.objects.filter(pk=acme.admin.pk).update(language=language))
    page.fill("[name=phone_number]", "12")
    page.click("[name=_save]")
    page.wait_for_selector(".errornote")
    assert warnings == []
    leave(page)
    assert warnings == ["beforeunload"]
    assert page.input_value("[name=phone_number]") == "12"
