// Keys of the gap explorer, sent to the kernel, which does what the button of that key does.
//
// They are heard only while the focus is in the panel and in no field; the list of gaps is one that
// has no letters of its own. What is drawn anew may take the focus with it: it goes to the list.

const PANEL = ".ml4t-panel";
const GAPS = ".ml4t-gaps";
const LIST = ".ml4t-gap-list select";
const REASON = ".ml4t-reason input";
const FIELD = "input, textarea, select, [contenteditable]";
const KEYS = "jkafcu";
// The gap that has just opened nobody has read: a second tap is not meant for it.
const UNREAD_MS = 300;
const MOVES = "jk";

export default {
  render({ model, el }) {
    const heard = new AbortController();
    const signal = heard.signal;
    const here = () => {
      const gaps = el.closest(GAPS);
      return gaps?.checkVisibility() ? gaps : null;
    };
    el.style.display = "none";

    let story = "";
    let shown = 0;
    const read = (gaps) => {
      const words = gaps.querySelector(".ml4t-gap-story")?.textContent ?? "";
      if (words !== story) [story, shown] = [words, performance.now()];
    };
    const send = (gaps, key) => {
      const field = gaps.querySelector(REASON);
      const reason = field?.value.trim() ?? "";
      // With the message, since the field's own may come later: a kernel at work gets fewer of them.
      if (key === "c" && reason === "") field?.focus();
      else model.send({ what: "key", key, reason });
    };
    window.addEventListener(
      "keydown",
      (event) => {
        const gaps = here();
        const panel = gaps?.closest(PANEL);
        const { target } = event;
        if (!panel || !(target instanceof Element) || !panel.contains(target)) return;
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (target.matches(REASON)) {
          if (event.key === "Enter" && target.value.trim() !== "") send(gaps, "c");
          if (event.key === "Enter" || event.key === "Escape") gaps.querySelector(LIST)?.focus();
          return;
        }
        if (target.closest(FIELD) && !target.matches(LIST)) return;
        const key = event.key.toLowerCase();
        if (key.length !== 1 || !KEYS.includes(key)) return;
        event.preventDefault();
        read(gaps);
        const isRead = performance.now() - shown > UNREAD_MS && !event.repeat;
        if (MOVES.includes(key) || isRead) send(gaps, key);
      },
      // A field keeps its keys from whoever would hear them after it.
      { capture: true, signal },
    );

    // Where the focus was last; null once a person has gone elsewhere.
    let last = null;
    const note = (event) => {
      const panel = here()?.closest(PANEL);
      const isHere = event.target instanceof Element && panel?.contains(event.target);
      if (!isHere) last = null;
      else if (event.type === "focusin") last = event.target;
    };
    window.addEventListener("focusin", note, { capture: true, signal });
    window.addEventListener("pointerdown", note, { capture: true, signal });
    const keep = () => {
      const gaps = here();
      if (gaps === null) return;
      read(gaps);
      const active = document.activeElement;
      const isLost = active === null || active === document.body || active.disabled;
      if (last === null || !(isLost || !active.checkVisibility())) return;
      const list = gaps.querySelector(LIST);
      const next = list?.checkVisibility() ? list : gaps.closest(PANEL);
      next?.focus({ preventScroll: true });
    };
    const watch = new MutationObserver(keep);
    let wait = 0;
    const begin = () => {
      const gaps = el.closest(GAPS);
      if (gaps === null) {
        wait = setTimeout(begin, 100);
        return;
      }
      const seen = { childList: true, subtree: true, attributes: true };
      watch.observe(gaps, { ...seen, attributeFilter: ["style", "disabled", "class"] });
    };
    begin();

    return () => {
      clearTimeout(wait);
      heard.abort();
      watch.disconnect();
    };
  },
};
