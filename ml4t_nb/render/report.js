// A report's search field and its buttons. Without this script they stay hidden, and all else works.
(() => {
  const root = document.currentScript?.closest(".ml4t-report");
  if (!root) return;
  const groups = [...root.querySelectorAll("details.ml4t-group")];
  const tables = root.querySelectorAll(".ml4t-blocks > table");
  const lines = [...root.querySelectorAll("details.ml4t-rows > pre")];
  const unfiltered = new Map(lines.map((each) => [each, each.textContent.split("\n")]));
  const find = root.querySelector(".ml4t-find input");
  const expand = root.querySelector(".ml4t-expand");

  root.querySelectorAll("[data-scripted]").forEach((each) => { each.hidden = false; });

  const filterRows = (table, wanted) => {
    let found = 0;
    for (const row of table.querySelectorAll(":scope > tbody > tr")) {
      const fits = row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      found += fits;
    }
    return found;
  };
  const filterLines = (pre, wanted) => {
    const [heading, ...rows] = unfiltered.get(pre);
    const fitting = rows.filter((each) => each.toLowerCase().includes(wanted));
    pre.textContent = [heading, ...fitting].join("\n");
    pre.parentElement.hidden = !fitting.length;
    pre.parentElement.open = wanted !== "";
  };
  const filter = () => {
    const wanted = find.value.trim().toLowerCase();
    for (const group of groups) {
      const found = filterRows(group.querySelector(":scope > table"), wanted);
      group.hidden = wanted ? !found : false;
      group.open = wanted ? found > 0 : group.dataset.open === "true";
      // Names of many datasets are folded once more in their row.
      group.querySelectorAll("td > details:not(.ml4t-shown)").forEach((each) => {
        each.open = wanted !== "";
      });
    }
    tables.forEach((each) => { each.hidden = !filterRows(each, wanted); });
    lines.forEach((each) => filterLines(each, wanted));
  };
  find?.addEventListener("input", filter);
  // The notebook has commands on single keys.
  find?.addEventListener("keydown", (event) => event.stopPropagation());

  expand?.addEventListener("click", () => {
    const open = expand.textContent === "Expand all";
    groups.forEach((group) => { group.open = open || group.dataset.open === "true"; });
    expand.textContent = open ? "Collapse" : "Expand all";
  });

  const copied = async (text) => {
    if (navigator.clipboard) {
      try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed here */ }
    }
    // Of a page that is not served safely.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };
  for (const button of root.querySelectorAll("button.ml4t-copy")) {
    const line = button.previousElementSibling;
    button.addEventListener("click", async () => {
      button.textContent = await copied(line.textContent) ? "Copied" : "Select it";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
})();
