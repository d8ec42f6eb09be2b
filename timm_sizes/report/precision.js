// Sizes and memory at a precision: elements × width for the weights, and the same pass for the activations.
"use strict";

// What a page's columns of MB become when weights take *width* bytes an element and activations *liveWidth*, of four.
const atPrecision = ({ weights_mb: weights, activations_mb: live }, [width, liveWidth]) => {
  const scaled = (values, factor) => values.map((value) => (value * factor) / 4);
  const [own, pass] = [scaled(weights, width), scaled(live, liveWidth)];
  return { size_mb: own, weights_mb: own, activations_mb: pass, memory_mb: own.map((value, at) => value + pass[at]) };
};
