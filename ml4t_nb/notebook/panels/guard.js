// Keeps the keys pressed in a panel from the page around it, and repeated clicks from the kernel;
// gives fields the names that screen readers say, which ipywidgets knows as tooltips only;
// copies what a button holds.
//
// JupyterLab and Notebook match a key's shortcut from its target upwards, and stop at an element
// that has the attribute below: on the panel's root it would be found too late. So it is set on the
// target, whatever that is, just before they look. They listen on the document, hence the window.

const PANEL = ".ml4t-panel";
const ONCE = ".ml4t-once";
const SUPPRESS = "data-lm-suppress-shortcuts";
// With Ctrl too, these select, merge, undo or leave cells; in a field they are the field's own.
const OF_CELLS = new Set(["a", "m", "y", "z"]);

const UNNAMED = ":is(input, select, textarea)[title]:not([aria-label])";

function name(panel) {
  // None is there once the panel was taken from the page, while a change of it is still told.
  for (const field of panel?.querySelectorAll(UNNAMED) ?? []) {
    // A label that is not shown names nothing.
    if (![...(field.labels ?? [])].some((label) => label.checkVisibility())) {
      field.setAttribute("aria-label", field.title);
    }
  }
}

function isForThePage(event) {
  const { key } = event;
  const isCommand = event.ctrlKey || event.metaKey;
  if (event.altKey) return false;
  if (key === "Enter") return event.shiftKey || isCommand;
  if (/^F\d+$/.test(key)) return true;
  // Of keys with Ctrl only letters and signs: with an arrow or Backspace they move and merge cells.
  return isCommand && [...key].length === 1 && !OF_CELLS.has(key.toLowerCase());
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https there is no clipboard but that of a selection.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

async function copy(button) {
  const words = button.textContent;
  if (await copied(button.dataset.ml4tCopy || button.previousElementSibling.textContent)) {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = words; }, 2000);
  }
  button.focus();
}

export default {
  render({ el }) {
    const heard = new AbortController();
    const listen = (type, hear) => {
      const heardHere = (event) => {
        const panel = el.closest(PANEL);
        if (panel !== null && event.target instanceof Element && panel.contains(event.target)) {
          hear(event, panel);
        }
      };
      window.addEventListener(type, heardHere, { capture: true, signal: heard.signal });
    };
    el.style.display = "none";

    let marked = null;
    listen("keydown", (event) => {
      // Not left there: it would hold for what is in the element too, and for keys of the page's.
      marked?.removeAttribute(SUPPRESS);
      marked = isForThePage(event) ? null : event.target;
      marked?.setAttribute(SUPPRESS, "");
      // A key that is held down would press the button again and again.
      if (event.repeat && event.key === "Enter" && event.target.closest(ONCE)) {
        event.preventDefault();
      }
    });

    // The second click of a double click.
    listen("click", (event) => {
      if (event.detail > 1 && event.target.closest(ONCE)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    });

    listen("click", (event) => {
      const button = event.target.closest("[data-ml4t-copy]");
      if (button !== null) copy(button);
    });

    // A click on words, a plot or a tab would leave the focus on the cell, where keys are commands.
    const hold = (panel) => {
      if (!panel.contains(document.activeElement)) {
        panel.focus({ preventScroll: true });
      }
    };
    listen("pointerdown", (_, panel) => {
      panel.tabIndex = -1;
      setTimeout(() => hold(panel));
    });
    // A busy page takes the next key before it comes to what was put off.
    listen("pointerup", (_, panel) => hold(panel));

    let wait = 0;
    const names = new MutationObserver(() => name(el.closest(PANEL)));
    const begin = () => {
      const panel = el.closest(PANEL);
      if (panel === null) {
        wait = setTimeout(begin, 200);
        return;
      }
      names.observe(panel, { childList: true, subtree: true, attributeFilter: ["title"] });
      name(panel);
    };
    begin();

    return () => {
      heard.abort();
      clearTimeout(wait);
      names.disconnect();
    };
  },
};
