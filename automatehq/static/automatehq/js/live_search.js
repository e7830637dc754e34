// Search while the user types. Results are cleared when the text changes; late responses are dropped.

const PAUSE = 250; // ms after the last letter

// `ask(text, signal)` returns a promise of the response. `searching()`, `found(response, text)`, `failed(error)` and `idle()`
// change the page; `idle()` is called for a text shorter than `least`.
export function initLiveSearch(field, { ask, searching, found, failed, idle, least = 0 }) {
  let timer = 0;
  let asking = null;
  const textNow = () => field.value.trim();

  function stop() {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
  }

  async function go() {
    stop();
    const text = textNow();
    const own = new AbortController();
    asking = own;
    searching();
    try {
      const answer = await ask(text, own.signal);
      if (asking !== own || textNow() !== text) return;
      asking = null;
      found(answer, text);
    } catch (error) {
      if (asking !== own) return;
      asking = null;
      failed(error);
    }
  }

  field.addEventListener("input", () => {
    stop();
    if (textNow().length < least) {
      idle();
      return;
    }
    searching();
    timer = setTimeout(go, PAUSE);
  });

  return { go, stop };
}
