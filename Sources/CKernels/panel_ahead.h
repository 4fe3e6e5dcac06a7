// Fetching a panel from memory while the one before it is still multiplied: the tiles of rows that
// share a panel fetch the next one bit by bit. With a single tile the CPU sees the stream coming;
// with very many the wait for a panel does not weigh.
#pragma once

#include "table.h"

enum { PANEL_LINE = 64, PANEL_LINES = CK_PANEL_BLOCK / PANEL_LINE, PANEL_TILES = 16 };

struct panel_ahead {
  const uint8_t *at;
  size_t lines;  // to fetch with each block
};

// For tile t of `tiles` over a panel, where `panels_left` panels, this one included, are to come.
CK_INLINE struct panel_ahead panel_ahead(const uint8_t *panel, size_t blocks, size_t panels_left,
                                         size_t t, size_t tiles) {
  int fetches = tiles > 1 && tiles <= PANEL_TILES && panels_left > 1;
  if (!fetches) return (struct panel_ahead){panel, 0};
  size_t lines = (PANEL_LINES + tiles - 1) / tiles;
  return (struct panel_ahead){panel + (CK_PANEL_BLOCK + t * lines * PANEL_LINE) * blocks, lines};
}

CK_INLINE void fetch_ahead(struct panel_ahead *ahead) {
  for (size_t i = 0; i < ahead->lines; i++) __builtin_prefetch(ahead->at + i * PANEL_LINE, 0, 2);
  ahead->at += ahead->lines * PANEL_LINE;
}
