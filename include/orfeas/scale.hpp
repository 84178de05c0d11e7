// SPDX-License-Identifier: MIT
#pragma once

/// How many replicas a service should have: the formula, policies and windows of the Kubernetes HPA, forecasts, device memory, budget
/// and scale-to-zero. A value without a clock, a file, a thread or a third party.

#include <orfeas/scale/advisor.hpp>
#include <orfeas/scale/advisor_options.hpp>
#include <orfeas/scale/behavior.hpp>
#include <orfeas/scale/device_fit.hpp>
#include <orfeas/scale/metric_reading.hpp>
#include <orfeas/scale/observation.hpp>
#include <orfeas/scale/replica_formula.hpp>
#include <orfeas/scale/scaling_advice.hpp>
#include <orfeas/scale/scaling_policy.hpp>
#include <orfeas/scale/scaling_term.hpp>
