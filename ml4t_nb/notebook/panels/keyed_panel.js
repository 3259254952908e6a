// What panels that are used by keys have in common: keys and clicks are theirs while the focus is
// in them, nothing is decided that nobody has read, and the focus stays when what had it is gone.

const PANEL = ".ml4t-panel";
const FIELD = "input, textarea, select, [contenteditable]";
// What appeared so short a time ago nobody has read: a second tap is not meant for it.
const UNREAD_MS = 300;

class KeyedPanel {
  // `own` is the class of all that the panel has, and `el` is in it; `sentence` is that of the words
  // to read before something is decided, and `next` gives what gets the focus, from what lost it.
  constructor(el, { own, sentence, next }) {
    Object.assign(this, { el, own, sentence, next });
    this.gone = new AbortController();
    this.words = "";
    this.shown = 0;
    // Where the focus was last; null once a person has gone elsewhere.
    this.last = null;
    el.style.display = "none";
    for (const type of ["focusin", "pointerdown"]) {
      this.listen(type, (event) => this.note(event), { capture: true });
    }
    this.watch = new MutationObserver(() => this.keep());
    this.begin();
  }

  // What the panel has, while it is in sight.
  get content() {
    const content = this.el.closest(this.own);
    return content?.checkVisibility() && content.closest(PANEL) ? content : null;
  }

  listen(type, hear, options = {}) {
    window.addEventListener(type, hear, { ...options, signal: this.gone.signal });
  }

  // Whether something happened in the panel that is around the content, and not in the page.
  isOurs({ target }) {
    const panel = this.content?.closest(PANEL);
    return target instanceof Element && Boolean(panel?.contains(target));
  }

  onKey(hear, options) {
    const isCommand = (event) => event.ctrlKey || event.metaKey || event.altKey;
    this.listen("keydown", (event) => {
      if (this.isOurs(event) && !isCommand(event)) hear(event, this.content);
    }, options);
  }

  // Whether who pressed the key can have seen what it would be about.
  isRead(event) {
    this.read();
    return performance.now() - this.shown > UNREAD_MS && !event.repeat;
  }

  read() {
    const words = this.el.closest(this.own)?.querySelector(this.sentence)?.textContent ?? "";
    if (words !== this.words) [this.words, this.shown] = [words, performance.now()];
  }

  note(event) {
    if (!this.isOurs(event)) this.last = null;
    else if (event.type === "focusin") this.last = event.target;
  }

  keep() {
    const { content, last } = this;
    if (content === null) return;
    this.read();
    const active = document.activeElement;
    const isNowhere = active === null || active === document.body || active.disabled;
    // What is hidden keeps the focus until the page is drawn, and loses it without an event.
    if (last === null || !(isNowhere || !active.checkVisibility())) return;
    (this.next(content, last) ?? content.closest(PANEL)).focus({ preventScroll: true });
  }

  begin() {
    const content = this.el.closest(this.own);
    if (content === null) {
      this.wait = setTimeout(() => this.begin(), 100);
      return;
    }
    // What is there already may be read long before anything changes.
    this.read();
    const seen = { childList: true, subtree: true, attributes: true };
    this.watch.observe(content, { ...seen, attributeFilter: ["style", "disabled", "class"] });
  }

  stop() {
    clearTimeout(this.wait);
    this.gone.abort();
    this.watch.disconnect();
  }
}

// The first that can be pressed.
function visible(content, choice) {
  const found = [...content.querySelectorAll(choice)];
  return found.find((each) => each.checkVisibility() && !each.disabled);
}
