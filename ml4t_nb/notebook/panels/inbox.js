// Keys of the findings inbox, and the rows of its list. Each key presses the button that says so.

const ITEM = ".ml4t-inbox-item";
const BUTTONS = {
  j: ".ml4t-next",
  k: ".ml4t-back",
  t: ".ml4t-take, .ml4t-ask",
  a: ".ml4t-accept",
  r: ".ml4t-reject",
  u: ".ml4t-undo",
};
const IN_LIST = { ArrowDown: "j", ArrowUp: "k" };
const MOVES = "jk";
const FIRST = [".ml4t-take", ".ml4t-ask", ".ml4t-accept", ".ml4t-next"];

export default {
  render({ model, el }) {
    const panel = new KeyedPanel(el, {
      own: ".ml4t-review",
      sentence: ".ml4t-inbox-sentence",
      next: (inbox, last) => {
        const row = last.matches(ITEM) ? visible(inbox, `${ITEM}[aria-current="true"]`) : null;
        return row ?? FIRST.map((each) => visible(inbox, each)).find(Boolean);
      },
    });
    panel.onKey((event, inbox) => {
      const { target } = event;
      if (target.closest(FIELD)) return;
      const arrow = target.closest(ITEM) ? IN_LIST[event.key] : undefined;
      const key = arrow ?? event.key.toLowerCase();
      if (!Object.hasOwn(BUTTONS, key)) return;
      event.preventDefault();
      if (MOVES.includes(key) || panel.isRead(event)) visible(inbox, BUTTONS[key])?.click();
    });
    panel.listen("click", ({ target }) => {
      const item = target instanceof Element ? target.closest(ITEM) : null;
      if (item !== null && panel.content?.contains(item)) {
        model.send({ what: "open", row: Number(item.dataset.row) });
      }
    });
    return () => panel.stop();
  },
};
