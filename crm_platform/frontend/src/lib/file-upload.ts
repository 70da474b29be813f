/** Sending one file to the server, and its answer. */
export interface FileFacts {
  id: string;
  name: string;
  size: number;
  size_text: string;
  content_type: string;
  kind: string;
}

/** Send one file with its progress; `done` is called whatever comes of it, but not after an abort. */
export function send(url: string, file: File, progress: HTMLProgressElement, done: (request: XMLHttpRequest) => void): XMLHttpRequest {
  const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
  const body = new FormData();
  body.append("file", file, file.name);
  request.open("POST", url);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "");
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) progress.value = (100 * event.loaded) / event.total;
  });
  request.addEventListener("load", () => done(request));
  request.addEventListener("error", () => done(request));
  request.send(body);
  return request;
}

/** Return what the server said of a file; nothing when it spoke no JSON. */
export function answerOf(request: XMLHttpRequest): FileFacts | undefined {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return undefined;
  }
}
