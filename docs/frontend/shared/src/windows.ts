// Spans the page asks for. Made once: a window is part of what caches remember, and a new one is a new question.

const now = new Date();
const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());

/** From midnight, where the browser is. */
export const today = { from: midnight.toISOString(), to: now.toISOString() };

export const lastDay = { from: new Date(now.getTime() - 24 * 3600 * 1000).toISOString(), to: now.toISOString() };
