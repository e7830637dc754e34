"""A keyboard user without a mouse; the focus must be visible at every step."""

from typing import Any

# The largest number of tab stops before an element on any page.
MOST = 150

# The focused element: a flag for `wanted`, its HTML, and the reason why it is not visible.
_FOCUS = """wanted => {
    const one = document.activeElement;
    const is = {wanted: one === wanted, said: one.outerHTML.slice(0, 140).replace(/\\s+/g, " "), wrong: ""};
    if (one === document.body || one === document.documentElement) return {...is, said: "<body>", wrong: "nothing has the focus"};
    const isRinged = it => getComputedStyle(it).outlineStyle !== "none" && parseFloat(getComputedStyle(it).outlineWidth) >= 2;
    // A button that the browser has put into a field of its own, around which it draws a ring.
    const isInside = one.matches("input:focus-within:not(:focus)");
    // A field that is hidden shows it on its label.
    const shown = [one, ...(one.labels ?? [])].filter(it => isInside || isRinged(it));
    if (!shown.length) return {...is, wrong: "no outline"};
    const isSeen = it => [...it.getClientRects()].some(box => {
        const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
        const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
        if (right - left < 2 || bottom - top < 2) return false;
        // Somewhere on it nothing else lies: in the middle, or at an edge.
        const across = [(left + right) / 2, left + 2, right - 2], down = [(top + bottom) / 2, top + 2, bottom - 2];
        return across.some(x => down.some(y => it.contains(document.elementFromPoint(x, y))));
    });
    return {...is, wrong: shown.some(isSeen) ? "" : "out of sight, or under something"};
}"""
# The tests use no pointer. The script reports each pointer event.
_NO_POINTER = """
for (const kind of ["pointerdown", "mousedown", "touchstart"]) addEventListener(kind, () => report(`keyboard only: ${kind}`), true);
"""


def put_the_mouse_away(window: Any) -> None:
    """Make `report` of this browser context receive every mouse press from now on."""
    window.add_init_script(_NO_POINTER)


class Hands:
    """A keyboard on `page`. It checks the focused element after every key that moves the focus."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def look(self, element: Any = None) -> bool:
        """Assert that the focus is visible, and return True if it is on `element`."""
        found = self.page.evaluate(_FOCUS, element)
        assert not found["wrong"], f"{found['wrong']}: {found['said']}"
        return bool(found["wanted"])

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def is_on(self, locator: Any) -> None:
        """Wait until the focus is on `locator`, and assert that it is visible."""
        element = locator.element_handle()
        self.page.wait_for_function(
            "one => document.activeElement === one", arg=element
        )
        self.look(element)

    def go(self, locator: Any, *, back: bool = False) -> None:
        """Press Tab, or Shift+Tab, until the focus is on `locator`."""
        element = locator.element_handle()
        passed = []
        for _ in range(MOST):
            self.press("Shift+Tab" if back else "Tab")
            if self.look(element):
                return
            passed.append(
                self.page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
            )
        raise AssertionError(f"Tab does not come to {locator}: {passed}")

    def skip(self) -> None:
        """Skip the start of the page with its first link."""
        self.page.wait_for_load_state()
        self.press("Tab")
        self.look()
        first = self.page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
        assert 'class="skip"' in first, f"first is {first} on {self.page.url}"
        self.press("Enter")

    def follow(self, locator: Any, address: Any, *, key: str = "Enter") -> None:
        """Move to a link or button, press `key`, and wait for the page at `address`."""
        self.go(locator)
        self.press(key)
        self.page.wait_for_url(address)
