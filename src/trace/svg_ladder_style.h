#pragma once

#include <string_view>

namespace hourglass::trace {

/// The looks of a ladder's parts, and the heads of its arrows.
inline constexpr std::string_view kStyle = R"(.title { font-size: 15px; font-weight: bold; fill: #1a202c; }
.host { font-size: 14px; font-weight: bold; text-anchor: middle; fill: #1a202c; }
.address { text-anchor: middle; fill: #718096; }
.chip { text-anchor: middle; fill: white; font-size: 10px; font-weight: bold; }
.rail { stroke: #a0aec0; stroke-width: 2; }
.arrow { stroke-width: 1.4; }
.label { paint-order: stroke; stroke: white; stroke-width: 3px; stroke-linejoin: round; font-size: 10.5px; }
.cross { stroke: #c53030; stroke-width: 2.4; fill: none; }
.repeat { stroke: #c05621; stroke-width: 1.2; stroke-dasharray: 3 3; fill: none; }
.timer { opacity: 0.6; }
.time { fill: #718096; font-size: 10px; }
.stranger { stroke: #97266d; stroke-width: 1.4; stroke-dasharray: 7 3; }
.gap { text-anchor: middle; fill: #718096; font-style: italic; }
.fold { paint-order: stroke; stroke: white; stroke-width: 8px; stroke-linejoin: round; }
.cut { stroke: #a0aec0; stroke-width: 1.6; fill: none; }
.note { fill: #276749; font-size: 11.5px; }
.pointer { stroke: #9ae6b4; fill: none; }
</style>
<defs>
<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#2d3748"/></marker>
<marker id="strange" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#97266d"/></marker>
<marker id="again" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#c05621"/></marker>
</defs>
)";

}  // namespace hourglass::trace
