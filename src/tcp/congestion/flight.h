#pragma once

#include <cstdint>

#include "hourglass/base/time.h"
#include "tcp/congestion/cubic.h"
#include "tcp/congestion/hystart.h"
#include "tcp/congestion/new_reno.h"
#include "tcp/congestion/pacer.h"
#include "tcp/congestion/validation.h"
#include "tcp/congestion/window.h"

namespace hourglass::tcp {

/// What congestion control keeps of a flight and no longer: it lives in the outbox, so that an idle connection does
/// not pay for it.
struct CongestionFlight {
    /// The state before a reduction that may turn out to have been for nothing.
    struct Undo {
        bool valid = false;
        CongestionWindow window;
        CubicMemory memory;
        Cubic cubic;

        static void exchange(auto& self, auto& image) { image(self.valid, self.window, self.memory, self.cubic); }
    };

    DeliveryRate rate;
    Cubic cubic;
    NewReno reno;
    HyStart hystart;
    PipeAck pipe_ack;
    Pacer pacer;
    Undo undo;

    static void exchange(auto& self, auto& image) {
        image(self.rate, self.cubic, self.reno, self.hystart, self.pipe_ack, self.pacer, self.undo);
    }
};

}  // namespace hourglass::tcp
