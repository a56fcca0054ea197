/** Wires the Users page: the address says whether it shows the list, the four numbers, the way of a new log, or a loaded log. */
import { tellNews } from "../news.js";
import { logAddress, readView } from "../users-query.js";
import { leaveJob, openJob, wireJob } from "./batch-follow.js";
import { wireUpload } from "./upload-step.js";
import { hideList, showList, wireList } from "./users-list.js";
import { showChoose, wireLoad } from "./users-load.js";
import { showScore, wireScore } from "./users-score.js";
import "../elements/log-card.js";

wireList();
wireScore();
wireJob();
wireUpload();
wireLoad((job) => {
  history.pushState(null, "", logAddress(job.id));
  markView();
  openJob(job.id, job);
});
addEventListener("popstate", showAddress);
showAddress();
tellNews(document.querySelector("#done-notice"));

function showAddress() {
  const { view, job, given } = markView();
  leaveJob();
  hideList();
  if (view === "job") openJob(job);
  else if (view === "load") showChoose();
  else if (view === "score") showScore(given);
  else showList({ focus: false });
}

/** Say in the list of views which one is shown. */
function markView() {
  const shown = readView(location.search);
  for (const link of document.querySelectorAll("#views a")) {
    const isShown = readView(link.search).view === (shown.view === "job" ? "load" : shown.view);
    if (isShown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  return shown;
}
