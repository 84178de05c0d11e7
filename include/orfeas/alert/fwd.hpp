// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace orfeas::inline v0::alert {

enum class severity : std::uint8_t;
enum class alert_state : std::uint8_t;
enum class event_kind : std::uint8_t;
enum class news_kind : std::uint8_t;
enum class match_kind : std::uint8_t;
enum class bad_side : std::uint8_t;
enum class without_value : std::uint8_t;
enum class rules_reload : std::uint8_t;

struct acknowledgement;
struct active_alert;
struct alert_event;
struct alert_news;
struct inhibition;
struct level;
struct notification;
struct notifier_options;
struct route;
struct rule;
struct rule_status;
struct silence;

class engine;
class evaluator;
class expression;
class frame;
class label_matcher;
class notifier;
class rule_error;
class rules_file_watcher;
class syntax_error;
class text_pattern;
class text_template;

} // namespace orfeas::inline v0::alert
