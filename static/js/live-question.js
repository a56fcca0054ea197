/**
 * A question that follows a moving slider: one request at a time, the newest values next, and no answer that an older
 * value left behind. No DOM.
 */

const QUIET_MS = 60;
const LIVE_MS = 150;

export class LiveQuestion {
  #ask;
  #onAnswer;
  #onFailure;
  #wanted = null;
  #isAsking = false;
  #timer = null;

  /**
   * @param {(value: object) => Promise<object>} ask
   * @param {{onAnswer: (answer: object, value: object) => void, onFailure: (error: Error, value: object) => void}} heard
   */
  constructor(ask, { onAnswer, onFailure }) {
    this.#ask = ask;
    this.#onAnswer = onAnswer;
    this.#onFailure = onFailure;
  }

  /** Ask about a value once it has stood still for a moment. @param {object} value @param {number} [quietMs] */
  put(value, quietMs = QUIET_MS) {
    this.#wanted = { value };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), quietMs);
  }

  /** Forget what was asked: no answer to it arrives any more. */
  drop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted = null;
  }

  async #next() {
    this.#timer = null;
    // Whoever is asking looks again when the answer is there.
    if (this.#isAsking || !this.#wanted) return;
    const question = this.#wanted;
    const askedAt = Date.now();
    this.#isAsking = true;
    const tell = await this.#ask(question.value).then(
      (answer) => () => this.#onAnswer(answer, question.value),
      (error) => () => this.#isNewest(question) && this.#onFailure(error, question.value),
    );
    this.#isAsking = false;
    // A quick answer is shown while the slider still moves; a late one would tell of values long gone.
    const isLive = this.#wanted !== null && Date.now() - askedAt <= LIVE_MS;
    if (isLive || this.#isNewest(question)) tell();
    if (this.#isNewest(question)) this.#wanted = null;
    else if (this.#timer === null) this.#next();
  }

  #isNewest(question) {
    return this.#wanted === question;
  }
}
