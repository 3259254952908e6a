// Keys of the board's table, heard while the focus is in it. A line has the focus, or what is in it.

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity };
const IN_FIELD = 'input:not([type="checkbox"]), textarea, select';

// Whether the key was one of the board's; `view` has done then what it is for.
function heard(event, view) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (target.closest(IN_FIELD)) return false;
  if (key === "/") return view.part("filter").focus(), true;
  if (!target.closest('[role="treegrid"]')) return false;
  const { lines } = view;
  const at = lines.findIndex((line) => line.key === view.active);
  if (key in STEPS) {
    view.go(Math.min(Math.max(at + STEPS[key], 0), lines.length - 1));
    return true;
  }
  const line = lines[at];
  if (line === undefined) return false;
  // Of a button or a box these keys are its own.
  const isOnLine = target.matches('[role="row"]');
  if (key === " " && (isOnLine || target.matches(".ml4t-board-check"))) {
    if (line.what === "more") view.enter(line);
    else view.select(line, event.shiftKey);
    return true;
  }
  if (!isOnLine || event.repeat) return false;
  if (key === "Enter" && !event.shiftKey) return view.enter(line), true;
  if (line.what === "group" && (key === "ArrowLeft" || key === "ArrowRight")) {
    view.fold(line, key === "ArrowLeft");
    return true;
  }
  return false;
}
