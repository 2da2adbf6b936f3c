/** From a picture on disk to an image like those of MNIST. */

export class PictureError extends Error {}

/** @param {Blob} file @param {number} side @returns {Promise<{bytes: Uint8Array, photo: boolean}>} */
export async function readPicture(file, side) {
  throw new PictureError("not yet");
}
