// What can be said of rows by their numbers alone: which of them no other beats, which is best, which comes nearest.
"use strict";

// The rows of *drawn* that no other one beats in x and y, from the left; *less* says whether less of x is better.
const frontierOf = (drawn, x, y, less) => {
  const cheapestFirst = drawn.toSorted((a, b) => (less ? x[a] - x[b] : x[b] - x[a]) || y[b] - y[a]);
  let last;
  const best = cheapestFirst.filter((at) => {
    if (last !== undefined && y[at] <= y[last] && !(y[at] === y[last] && x[at] === x[last])) return false;
    last = at;
    return true;
  });
  return less ? best : best.reverse();
};

// The row of *rows* with most of *gains*, the smallest of those that are equal in it, then the first; undefined if none.
const bestOf = (rows, gains, sizes) => {
  const size = (at) => (Number.isNaN(sizes[at]) ? Infinity : sizes[at]);
  let best;
  for (const at of rows) {
    if (Number.isNaN(gains[at])) continue;
    if (best === undefined || gains[at] > gains[best] || (gains[at] === gains[best] && size(at) < size(best))) best = at;
  }
  return best;
};

// A test has miss(at): 0 for a row that passes, 0.1 for one that is 10 % beside the limit, Infinity for another kind.
const passes = (tests, at) => tests.every((test) => test.miss(at) === 0);

// The row of *rows* that misses least: the fewest of another kind first, then by distance.
const nearestOf = (rows, tests) => {
  const distance = (at) => {
    const missed = tests.map((test) => test.miss(at));
    const other = missed.filter((miss) => miss === Infinity).length;
    return [other, missed.reduce((sum, miss) => sum + (miss === Infinity ? 0 : miss), 0)];
  };
  let [nearest, least] = [undefined, [Infinity, Infinity]];
  for (const at of rows) {
    const far = distance(at);
    if (far[0] < least[0] || (far[0] === least[0] && far[1] < least[1])) [nearest, least] = [at, far];
  }
  return nearest;
};

// What each limit keeps from *best*: of the rows that it alone keeps out, and by no more than half of it, the best one.
const relaxationsOf = (rows, tests, best, gains, sizes) => {
  const found = [];
  for (const test of tests.filter((each) => each.relax)) {
    const others = tests.filter((each) => each !== test);
    const within = (at) => test.miss(at) > 0 && (!test.isNumber || test.miss(at) <= 0.5) && passes(others, at);
    const better = bestOf(rows.filter(within), gains, sizes);
    if (better !== undefined && gains[better] > gains[best]) found.push({ test, at: better });
  }
  return found.sort((a, b) => gains[b.at] - gains[a.at]);
};
