// What the health board shows: datasets as objects, in groups.

const STATE_WORDS = { error: "in error" };
const GROUPINGS = { cause: "cause", kind: "class", provider: "provider", none: "nothing" };

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

function ordered(rows, board, { by, isDown }) {
  return sorted(rows, (row) => ORDER[by](row, board), isDown);
}

// Groups in their order, each with the rows that are wanted, and with all of them.
function grouped(rows, wanted, board, look) {
  if (look.grouping === "none") {
    const rest = wanted.filter((row) => !look.off.has(row.state));
    return [{ key: "none", rows: ordered(rest, board, look.sort), all: rows, isPlain: true }];
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
      rows: ordered(wanted.filter((row) => group.has(row) && isOn(row)), board, look.sort),
    }))
    .filter((group) => group.rows.length);
}
