/** Wires the Batch files page: the address says whether it shows the way of a new file or one uploaded file. */
import { listJobs } from "../batch-api.js";
import { browse, showChoose, wireCheck } from "./batch-check.js";
import { leaveJob, openJob, wireJob } from "./batch-follow.js";
import { showNotice } from "./batch-stage.js";
import { wireUpload } from "./upload-step.js";
import "../elements/job-card.js";
import "../elements/job-list.js";

const list = document.querySelector("job-list");

wireJob();
wireUpload();
wireCheck((job) => {
  history.pushState(null, "", `?job=${encodeURIComponent(job.id)}`);
  openJob(job.id, job);
});
list.addEventListener("more-asked", (event) => addEarlier(event.detail.cursor));
list.addEventListener("first-asked", browse);
addEventListener("popstate", showAddress);
showAddress();

function showAddress() {
  const id = new URLSearchParams(location.search).get("job");
  if (id !== null) {
    openJob(id);
    return;
  }
  leaveJob();
  showChoose();
  list.replaceChildren();
  addEarlier(null);
}

async function addEarlier(cursor) {
  try {
    list.add(await listJobs(cursor));
  } catch (error) {
    showNotice(error, { again: () => addEarlierAgain(cursor) });
  }
}

function addEarlierAgain(cursor) {
  showNotice(null);
  document.querySelector("#list-heading").focus();
  addEarlier(cursor);
}
