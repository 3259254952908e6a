// Keys of the findings inbox, and the rows of its list. Each key presses the button that says so.
//
// They are heard only while the focus is in the panel and in no field. What is drawn anew takes the
// focus away with it: it is put back into the panel, where the next key is meant to go.

const PANEL = ".ml4t-panel";
const INBOX = ".ml4t-review";
const ITEM = ".ml4t-inbox-item";
const FIELD = "input, textarea, select, [contenteditable]";
const BUTTONS = {
  j: ".ml4t-next",
  k: ".ml4t-back",
  t: ".ml4t-take, .ml4t-ask",
  a: ".ml4t-accept",
  r: ".ml4t-reject",
  u: ".ml4t-undo",
};
const IN_LIST = { ArrowDown: "j", ArrowUp: "k" };
// What appeared so short a time ago nobody has read: a second tap is not meant for it.
const UNREAD_MS = 300;
const FIRST = [".ml4t-take", ".ml4t-ask", ".ml4t-accept", ".ml4t-next"];

function visible(inbox, choice) {
  const found = [...inbox.querySelectorAll(choice)];
  return found.find((each) => each.checkVisibility() && !each.disabled);
}

export default {
  render({ model, el }) {
    const heard = new AbortController();
    const signal = heard.signal;
    const here = () => {
      const inbox = el.closest(INBOX);
      return inbox?.checkVisibility() ? inbox : null;
    };
    el.style.display = "none";

    let sentence = "";
    let shown = 0;
    window.addEventListener(
      "keydown",
      (event) => {
        const inbox = here();
        const panel = inbox?.closest(PANEL);
        const { target } = event;
        if (!panel || !(target instanceof Element) || !panel.contains(target)) return;
        if (event.ctrlKey || event.metaKey || event.altKey || target.closest(FIELD)) return;
        const arrow = target.closest(ITEM) ? IN_LIST[event.key] : undefined;
        const choice = BUTTONS[arrow ?? event.key.toLowerCase()];
        if (choice === undefined) return;
        event.preventDefault();
        const isMove = choice === BUTTONS.j || choice === BUTTONS.k;
        const isRead = performance.now() - shown > UNREAD_MS;
        if (isMove || (isRead && !event.repeat)) visible(inbox, choice)?.click();
      },
      { signal },
    );

    window.addEventListener(
      "click",
      (event) => {
        const item = event.target instanceof Element ? event.target.closest(ITEM) : null;
        if (item !== null && here()?.contains(item)) {
          model.send({ what: "open", row: Number(item.dataset.row) });
        }
      },
      { signal },
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
      const inbox = here();
      const words = inbox?.querySelector(".ml4t-inbox-sentence")?.textContent ?? "";
      if (words !== sentence) [sentence, shown] = [words, performance.now()];
      if (inbox === null || last === null || !inbox.closest(PANEL)) return;
      const active = document.activeElement;
      // What is hidden keeps the focus until the page is drawn, and loses it without an event.
      const isLost = active === null || active === document.body || !active.checkVisibility();
      if (!isLost && (active === last || inbox.closest(PANEL).contains(active))) return;
      if (!isLost && last.isConnected && last.checkVisibility()) return;
      const row = last.matches(ITEM) ? visible(inbox, `${ITEM}[aria-current="true"]`) : null;
      const next = row ?? FIRST.map((each) => visible(inbox, each)).find(Boolean);
      next?.focus({ preventScroll: true });
    };
    const watch = new MutationObserver(keep);
    let wait = 0;
    const begin = () => {
      const inbox = el.closest(INBOX);
      if (inbox === null) {
        wait = setTimeout(begin, 100);
        return;
      }
      const seen = { childList: true, subtree: true, attributes: true };
      watch.observe(inbox, { ...seen, attributeFilter: ["style", "disabled", "class"] });
    };
    begin();

    return () => {
      clearTimeout(wait);
      heard.abort();
      watch.disconnect();
    };
  },
};
