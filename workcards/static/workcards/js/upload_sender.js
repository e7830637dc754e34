// Sends files in batches, two requests at a time: a user may have three uploads in progress, and one is left for another
// tab. A busy server delays the next batch; after an error, files stay pending until the user presses Upload.

const MAX_REQUESTS = 2;
const MAX_FILES = 4;
const MAX_BYTES = 20e6;

export class Sender {
  #waiting = [];
  #sent = new Set();
  #running = 0;
  #wait = 0;

  constructor(options) {
    Object.assign(this, options);
    this.isHeld = false;
  }

  get isWaiting() {
    return this.#waiting.length > 0;
  }

  queue(item) {
    this.#waiting.push(item);
  }

  forget(item) {
    this.#waiting = this.#waiting.filter((one) => one !== item);
  }

  // Send pending files with the current values of the form.
  renew(presets) {
    for (const item of this.#waiting) item.presets = presets;
    this.isHeld = false;
  }

  go() {
    while (!this.isHeld && !this.#wait && this.#running < MAX_REQUESTS) {
      const batch = this.#next();
      if (!batch.length) return;
      this.#send(batch);
    }
  }

  // Return the next batch of files with equal presets. A file that may equal one in progress waits for its response, so
  // that the first of two equal files becomes the card.
  #next() {
    const sizes = new Set([...this.#sent].map((item) => item.file.size));
    const free = this.#waiting.filter((item) => !sizes.has(item.file.size));
    const [first] = free;
    const batch = [];
    let bytes = 0;
    for (const item of free) {
      bytes += item.file.size;
      const isAlike = item.presets === first.presets && item.isAnyway === first.isAnyway;
      if (!isAlike || batch.length >= Math.min(MAX_FILES, this.maxFiles) || (batch.length && bytes > MAX_BYTES)) break;
      batch.push(item);
    }
    this.#waiting = this.#waiting.filter((item) => !batch.includes(item));
    return batch;
  }

  #send(batch) {
    const body = new FormData();
    for (const [name, value] of batch[0].presets) body.append(name, value);
    if (batch[0].isAnyway) body.append("allow_duplicate", "on");
    for (const item of batch) body.append("files", item.file);
    const request = new XMLHttpRequest();
    request.open("POST", this.url);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      // Files are sent one after the other: the bytes sent belong to the first ones.
      let gone = event.loaded;
      for (const item of batch) {
        const part = Math.max(0, gone) / item.file.size;
        item.progress(event.loaded >= event.total ? 100 : Math.min(99, 100 * part));
        gone -= item.file.size;
      }
    });
    request.addEventListener("loadend", () => this.#answered(batch, request));
    this.#running += 1;
    for (const item of batch) this.#sent.add(item);
    for (const item of batch) item.progress(0);
    request.send(body);
  }

  #answered(batch, request) {
    this.#running -= 1;
    for (const item of batch) this.#sent.delete(item);
    const answer = parsed(request.responseText);
    if (answer?.files) {
      for (const file of answer.files) batch[file.index].settle(file);
    } else if (request.status === 429) {
      this.#back(batch);
      this.#pause(Number(request.getResponseHeader("Retry-After")) || 5);
    } else {
      // A retry could create a duplicate: upload the file as new, not "anyway".
      if (request.status === 0 || request.status >= 500)
        for (const item of batch) item.isAnyway = false;
      this.isHeld = true;
      this.#back(batch);
      if (answer?.fields) this.rejected(answer.fields);
      else this.stopped(request.status);
    }
    this.changed();
    this.go();
  }

  #back(batch) {
    this.#waiting.unshift(...batch);
    for (const item of batch) item.become("waiting");
  }

  #pause(seconds) {
    this.busy();
    clearTimeout(this.#wait);
    this.#wait = setTimeout(() => {
      this.#wait = 0;
      this.resumed();
      this.go();
    }, seconds * 1000);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
