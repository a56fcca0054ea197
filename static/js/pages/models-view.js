/** Keeps what a person chose on the Models page in its address. */
import { readView, viewAddress } from "../models-query.js";

/** Replaced, not pushed: a slider is no step that a person would want to walk back through. */
export function remember(changes) {
  history.replaceState(history.state, "", viewAddress({ ...readView(location.search), ...changes }));
}
