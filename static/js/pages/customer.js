/** Wires the page of one customer: what is stored about the customer on top, what can be done with it below. */
import { ApiError } from "../api.js";
import { day, moment } from "../calendar.js";
import { customerIdIn } from "../customer-address.js";
import { readCustomer } from "../customers-api.js";
import { markTitle } from "../form-questions.js";
import { tellNews } from "../news.js";
import { noticeOf } from "../notices.js";
import { askToErase } from "./customer-erase.js";
import { showHistory } from "./customer-history.js";
import { showOutcome } from "./customer-outcome.js";
import { fillProfile, showProfile } from "./customer-rescore.js";
import { explainCard } from "./reasons.js";
import { begin } from "./what-if.js";
import "../elements/customer-card.js";
import "../elements/status-notice.js";

const QUIET_MS = 400;

const id = customerIdIn(location.search);
const notice = document.querySelector("#page-notice");
const loading = document.querySelector("#loading");
const card = document.querySelector("#stored-card");

notice.addEventListener("retry", load);
document.querySelector("what-if-panel").addEventListener("values-taken", ({ detail }) => fillProfile(detail.profile));
document.querySelector("#erase-button").addEventListener("click", () => askToErase(id));
if (id) {
  document.title = document.title.replace(/^Customer/, () => `Customer ${id}`);
  document.querySelector("#customer-name").textContent = `Customer ${id}`;
  load();
} else {
  showNotFound("The address of this page names no customer.");
}
tellNews(document.querySelector("#done-notice"));

async function load() {
  const slow = setTimeout(() => (loading.hidden = false), QUIET_MS);
  try {
    show(await readCustomer(id));
  } catch (error) {
    showFailure(error);
  } finally {
    clearTimeout(slow);
    loading.hidden = true;
  }
}

function show(customer) {
  markTitle(false);
  notice.notice = null;
  document.querySelector("#customer").hidden = false;
  document.querySelector("#seen").textContent = seenWords(customer);
  const { prediction, profile } = customer;
  card.answer = { prediction, title: "Latest answer" };
  showProfile(customer);
  showOutcome(customer);
  showHistory(customer);
  explainCard(card, prediction.prediction_id);
  begin({ profile, model: prediction.model.name });
}

function seenWords({ first_seen_at: first, predicted_at: latest }) {
  return first === latest ? `Scored once, ${moment(first)}.` : `First scored ${day(first)}, last scored ${moment(latest)}.`;
}

function showFailure(error) {
  markTitle(true);
  if (error.status === 404) {
    showNotFound(`Nobody is stored under ${id}: check the spelling, capitals count. A customer may also have been erased.`);
    return;
  }
  notice.notice = noticeOf(error);
  if (!(error instanceof ApiError)) console.error(error);
}

function showNotFound(reason) {
  notice.notice = null;
  document.querySelector("#not-found-reason").textContent = reason;
  document.querySelector("#not-found").hidden = false;
}
