// The element of each line of the health board's table, and what its buttons say.

const COLUMNS = [
  ["state", "State"],
  ["dataset", "Dataset"],
  ["sessions", "Sessions"],
  ["bars", "Bars"],
  ["last", "Last"],
  ["behind", "Behind"],
  ["due", "Next due"],
];
const LABELS = {
  update: ["Update", "Update both", "Update all #", "Update #"],
  gaps: ["Ask again for gaps", "Ask again for both", "Ask again for all #", "Ask again for #"],
  load: ["Load", "Load both", "Load all #", "Load #"],
  reload: ["Load again…", "Load both again…", "Load all # again…", "Load # again…"],
  accept: ["Take new history", "Take both new histories", "Take all # histories", "Take # histories"],
  review: ["Review 1", "Review 2", "Review #", "Review #"],
  end: ["End…", "End both…", "End all #…", "End #…"],
};
const AGAIN = ["Try again", "Try both again", "Try all # again", "Try # again"];
const HINTS = {
  update: "Fetch what is new, and fill short gaps.",
  gaps: "Ask the provider for the missing bars again.",
  load: "Load all bars again.",
  reload: "Remove what is damaged, then load it again; asks first.",
  accept: "Accept the provider's history.",
  review: "Show below what is doubtful, to decide about it.",
  end: "Declare that it is not traded any more; asks first.",
};

// What a button says that does this about so many, and whether these are all there are.
function labelOf(remedy, number, isAll, words = LABELS[remedy]) {
  const which = number === 1 ? 0 : !isAll ? 3 : number === 2 ? 1 : 2;
  return words[which].replace("#", thousands(number));
}

function check(label, isChecked, isMixed = false) {
  const box = made("input", "ml4t-board-check");
  box.type = "checkbox";
  box.tabIndex = -1;
  box.checked = isChecked;
  box.indeterminate = isMixed;
  box.setAttribute("aria-label", label);
  return box;
}

// What the row's own button says and does.
function actionOf(row) {
  // Of a single symbol that vanished one looks first: it may have been renamed.
  if (row.own === "review" || row.own === "end") return [`Review ${thousands(row.suspect)}`, "open"];
  if (row.own === "gaps") return [`${thousands(row.gaps)} gap${row.gaps === 1 ? "" : "s"}`, "open"];
  if (row.own === null) return ["Details", "open"];
  if (row.own === "update" && row.isFailed) return ["Try again", "do"];
  return [{ load: "Load", reload: "Load again…", accept: "Accept…" }[row.own] ?? "Update", "do"];
}

function rowElement(row, { icons, isSelected, isBusy, isOpen, strip, width }) {
  const element = lineElement(`row${row.isFailed ? " ml4t-is-failed" : ""}`, 2);
  element.setAttribute("aria-selected", String(isSelected));
  if (isOpen) element.setAttribute("aria-current", "true");
  const state = cell("state", sign(icons, row.state), made("span", "", row.state));
  state.title = `${row.reason}. Next due: ${row.due}.`;
  const name = made("span", "ml4t-board-name", row.symbol);
  const dataset = cell("dataset", name);
  if (row.more) dataset.append(made("span", "ml4t-board-kind", ` ${row.more}`));
  dataset.title = row.key;
  const sessions = cell("sessions", drawStrip(row, strip, width));
  if (strip) sessions.title = strip.words;
  const [label, does] = actionOf(row);
  const action = press(label, "ml4t-board-link ml4t-once", { does, remedy: row.own ?? "" });
  action.tabIndex = -1;
  action.setAttribute("aria-label", `${label}, ${row.symbol}`);
  action.title = HINTS[row.own === "end" ? "review" : row.own] ?? "Show why, below.";
  const running = made("span", "ml4t-board-running", sign(icons, "running"), "running");
  element.append(
    cell("box", check(`Select ${row.symbol}`, isSelected)),
    state,
    dataset,
    sessions,
    cell("bars", thousands(row.bars)),
    cell("last", dated(row.last)),
    cell("behind", thousands(row.behind)),
    cell("due", row.due),
    cell("action", isBusy ? running : action),
  );
  return element;
}

function groupElement(line, { icons, chosen }) {
  const { group, isFolded } = line;
  const number = group.rows.length;
  const element = lineElement("group", 1);
  element.setAttribute("aria-expanded", String(!isFolded));
  const of = number < group.all.length ? ` of ${thousands(group.all.length)}` : "";
  const title = made("b", "", `${thousands(number)}${of} ${group.title}`);
  const words = made("span", "ml4t-board-cause", group.words);
  words.title = group.words;
  const signs = group.state ? [sign(icons, group.state)] : [];
  const head = cell("head", arrow(isFolded), ...signs, made("span", "ml4t-board-title", title, words));
  head.setAttribute("aria-colspan", group.remedy ? "7" : "8");
  const isAll = chosen === number;
  const box = check(`Select all ${thousands(number)}: ${group.title}`, isAll, chosen > 0 && !isAll);
  element.append(cell("box", box), head);
  if (group.remedy) {
    const counted = group.remedy === "review" ? sum(group.rows, (row) => row.suspect) : number;
    const look = group.isPrimary ? "ml4t-board-primary" : "";
    const isAgain = group.remedy === "update" && group.state === "error";
    const label = labelOf(group.remedy, counted, !of, isAgain ? AGAIN : undefined);
    const button = press(label, `${look} ml4t-once`, { does: "all", remedy: group.remedy });
    button.title = HINTS[group.remedy];
    element.append(cell("all", button));
  }
  return element;
}
