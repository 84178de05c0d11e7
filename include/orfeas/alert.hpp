// SPDX-License-Identifier: MIT
#pragma once

/// Alerts: rules over frames of measurements, and who is told of what they find, when. State machines without a clock, a file, a
/// thread or a third party.

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/engine.hpp>
#include <orfeas/alert/evaluator.hpp>
#include <orfeas/alert/event.hpp>
#include <orfeas/alert/expression.hpp>
#include <orfeas/alert/frame.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/alert/notifier.hpp>
#include <orfeas/alert/notifier_options.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/rule_error.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/alert/silence.hpp>
#include <orfeas/alert/syntax_error.hpp>
#include <orfeas/alert/text_pattern.hpp>
#include <orfeas/alert/text_template.hpp>
