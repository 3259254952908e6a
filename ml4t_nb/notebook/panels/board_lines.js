// What the board shows: datasets as objects, in groups, as a list of lines.

const LINE_PX = { group: 34, narrow: 44, row: 26, more: 28 };
const SHOWN = 5;
const STATE_WORDS = { error: "in error" };
const DAY_MS = 86_400_000;
const GROUPINGS = { cause: "cause", kind: "class", provider: "provider", none: "nothing" };
const thousands = (number) => number.toLocaleString("en-US");
const dated = (day) => (day === null ? "-" : new Date(day * DAY_MS).toISOString().slice(0, 10));

// The rows of a board as objects; see `board_json`.
function decoded(board) {
  const { groups = [], rows = [], remedies = [], reasons, dues, providers } = board;
  const places = (board.sessions ?? []).map(placesOf);
  const kinds = new Set(rows.map((row) => `${row[1]}/${row[2]}`));
  const several = [1, 2].map((at) => new Set(rows.map((row) => row[at])).size > 1);
  return rows.map((row) => {
    const [symbol, kind, frequency, provider, group, reason, bars, first, last, behind] = row;
    const [due, dueIn, gaps, suspect, bits, calendar] = row.slice(10);
    const state = groups[group][0];
    const more = [kind, frequency].filter((_, at) => several[at]).join(" ");
    const own = remedies[(bits >> remedies.length) - 1] ?? null;
    return {
      key: `${kind}/${frequency}/${symbol}`,
      symbol,
      // Made-up bars are never shown without saying so, where there is little room neither.
      more: providers[provider] === "synthetic" ? `synthetic ${more}`.trim() : more,
      kind: kinds.size > 1 ? `${kind} ${frequency}` : kind,
      provider: providers[provider],
      group,
      state,
      reason: reasons[reason],
      bars,
      first,
      last,
      behind,
      due: dues[due],
      dueIn,
      gaps,
      suspect,
      own,
      toShare: places[calendar],
      can: new Set(remedies.filter((_, at) => (bits >> at) & 1)),
      isFailed: state === "error",
      isEnded: dues[due] === "ended",
      found: `${kind}/${frequency}/${symbol} ${providers[provider]} ${state} ${reasons[reason]}`.toLowerCase(),
    };
  });
}

const ORDER = {
  state: (row, board) => board.states.indexOf(row.state),
  dataset: (row) => row.symbol,
  sessions: (row) => row.first ?? Infinity,
  bars: (row) => row.bars,
  last: (row) => row.last ?? -Infinity,
  behind: (row) => row.behind,
  due: (row) => row.dueIn ?? Infinity,
};

function sorted(rows, board, { by, isDown }) {
  const place = new Map(rows.map((row) => [row, ORDER[by](row, board)]));
  const sign = isDown ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [place.get(a), place.get(b)];
    if (x === y) return a.key < b.key ? -1 : 1;
    return x < y ? -sign : sign;
  });
}

// Groups in their order, each with the rows that are wanted, and with all of them.
function grouped(rows, wanted, board, look) {
  if (look.grouping === "none") {
    const rest = wanted.filter((row) => !look.off.has(row.state));
    return [{ key: "none", rows: sorted(rest, board, look.sort), all: rows, isPlain: true }];
  }
  let groups;
  if (look.grouping === "cause") {
    groups = (board.groups ?? []).map(([state, words, remedy, number, isPrimary], at) => ({
      key: `${state} ${words}`,
      state,
      words,
      remedy,
      isPrimary,
      title: STATE_WORDS[state] ?? state,
      has: (row) => row.group === at,
    }));
    if (look.sort.by === "state" && look.sort.isDown) groups.reverse();
  } else {
    const names = [...new Set(rows.map((row) => row[look.grouping]))].sort();
    groups = names.map((name) => ({
      key: name,
      title: name || "no provider",
      words: "",
      remedy: null,
      has: (row) => row[look.grouping] === name,
    }));
  }
  const isOn = (row) => look.grouping === "cause" || !look.off.has(row.state);
  return groups
    .map((group) => ({
      ...group,
      all: rows.filter(group.has),
      rows: sorted(wanted.filter((row) => group.has(row) && isOn(row)), board, look.sort),
    }))
    .filter((group) => group.rows.length);
}

// The lines from top to bottom, each with its key.
function linesOf(groups, look) {
  return groups.flatMap((group) => {
    if (group.isPlain) return group.rows.map((row) => ({ what: "row", key: row.key, row }));
    const isFolded = look.folds.get(group.key) ?? (group.state ? look.off.has(group.state) : false);
    const lines = [{ what: "group", key: `group ${group.key}`, group, isFolded }];
    if (isFolded) return lines;
    // One line more than that says no more than the row that it would hide.
    const isWhole = look.unfolded.has(group.key) || group.rows.length <= SHOWN + 1;
    const shown = isWhole ? group.rows : group.rows.slice(0, SHOWN);
    lines.push(...shown.map((row) => ({ what: "row", key: row.key, row, group })));
    if (!isWhole) lines.push({ what: "more", key: `more ${group.key}`, group });
    return lines;
  });
}
