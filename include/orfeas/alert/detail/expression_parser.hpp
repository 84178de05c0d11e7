// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/expression_lexer.hpp>
#include <orfeas/alert/detail/expression_tree.hpp>
#include <orfeas/alert/syntax_error.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert::detail {

/// Reads an expression by recursive descent; what binds strongest is read last. Throws syntax_error.
/// Thread-compatible (distinct objects).
class expression_parser {
  public:
    explicit expression_parser(std::string_view source) : words_{source} {}

    expression_node parse() {
        auto made = parse_either();
        if (words_.now().kind != token_kind::end) {
            refuse("'" + std::string{words_.now().source} + "' is not expected here");
        }
        if (made.is_scalar()) {
            throw syntax_error{made.offset, "a number that never changes: name a metric"};
        }
        return made;
    }

  private:
    static constexpr std::size_t deepest = 100;
    static constexpr std::size_t most_operators = 1'000; // in a row they lie within one another, too

    [[noreturn]] void refuse(std::string problem) const { throw syntax_error{words_.now().offset, std::move(problem)}; }

    bool is_symbol(std::string_view symbol) const noexcept {
        return words_.now().kind == token_kind::symbol && words_.now().source == symbol;
    }

    /// Keywords are of any case, as in PromQL.
    bool is_word(std::string_view word) const {
        auto const source = words_.now().source;
        return words_.now().kind == token_kind::name && source.size() == word.size() &&
               std::equal(source.begin(), source.end(), word.begin(),
                          [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
    }

    bool accept(std::string_view symbol) {
        bool const is_here = is_symbol(symbol);
        if (is_here) {
            words_.advance();
        }
        return is_here;
    }

    void expect(std::string_view symbol) {
        if (!accept(symbol)) {
            refuse("'" + std::string{symbol} + "' is missing here");
        }
    }

    static expression_node binary(operation op, std::size_t offset, expression_node left, expression_node right) {
        expression_node made;
        made.kind = node_kind::binary;
        made.op = op;
        made.offset = offset;
        made.parts.push_back(std::move(left));
        made.parts.push_back(std::move(right));
        return made;
    }

    expression_node parse_either() {
        auto left = parse_both();
        while (is_word("or")) {
            left = parse_right(operation::either, std::move(left), &expression_parser::parse_both);
        }
        return left;
    }

    expression_node parse_both() {
        auto left = parse_comparison();
        while (is_word("and") || is_word("unless")) {
            auto const op = is_word("and") ? operation::both : operation::unless;
            left = parse_right(op, std::move(left), &expression_parser::parse_comparison);
        }
        return left;
    }

    std::optional<operation> operator_among(std::initializer_list<std::pair<std::string_view, operation>> known) const {
        for (auto const& [symbol, op] : known) {
            if (is_symbol(symbol)) {
                return op;
            }
        }
        return std::nullopt;
    }

    expression_node parse_comparison() {
        auto left = parse_sum();
        while (auto const op = operator_among({{">", operation::greater},
                                               {"<", operation::less},
                                               {">=", operation::greater_equal},
                                               {"<=", operation::less_equal},
                                               {"==", operation::equal},
                                               {"!=", operation::not_equal}})) {
            left = parse_right(*op, std::move(left), &expression_parser::parse_sum);
        }
        return left;
    }

    expression_node parse_sum() {
        auto left = parse_product();
        while (auto const op = operator_among({{"+", operation::add}, {"-", operation::subtract}})) {
            left = parse_right(*op, std::move(left), &expression_parser::parse_product);
        }
        return left;
    }

    expression_node parse_product() {
        auto left = parse_signed();
        while (auto const op = operator_among({{"*", operation::multiply}, {"/", operation::divide}})) {
            left = parse_right(*op, std::move(left), &expression_parser::parse_signed);
        }
        return left;
    }

    /// The operator that stands here, how it matches, and what is right of it.
    expression_node parse_right(operation op, expression_node left, expression_node (expression_parser::*operand)()) {
        auto const offset = words_.now().offset;
        if (++operators_ > most_operators) {
            refuse("more than " + std::to_string(most_operators) + " operators: make several rules of it");
        }
        words_.advance();
        if (is_word("bool")) {
            refuse("'bool' is not known here: an alert is where something is, not where it is 1");
        }
        expression_node made;
        if (is_word("on") || is_word("ignoring")) {
            made.choice = is_word("on") ? label_choice::listed : label_choice::not_listed;
            words_.advance();
            made.labels = parse_label_names();
        }
        if (is_word("group_left") || is_word("group_right")) {
            refuse("'group_left' and 'group_right' are not known here: aggregate the side with more series");
        }
        auto right = (this->*operand)();
        bool const has_scalar = left.is_scalar() || right.is_scalar();
        if (!is_arithmetic(op) && left.is_scalar() && right.is_scalar()) {
            throw syntax_error{offset, "two numbers are compared: name a metric"};
        }
        if (op >= operation::both && has_scalar) {
            throw syntax_error{offset, "'and', 'or' and 'unless' take metrics on both sides, not numbers"};
        }
        if (made.choice != label_choice::all && has_scalar) {
            throw syntax_error{offset, "'on' and 'ignoring' need metrics on both sides"};
        }
        auto node = binary(op, offset, std::move(left), std::move(right));
        node.choice = made.choice;
        node.labels = std::move(made.labels);
        return node;
    }

    expression_node parse_signed() {
        if (++depth_ > deepest) {
            refuse("too much within one another");
        }
        expression_node made;
        made.offset = words_.now().offset;
        if (accept("-")) {
            made.kind = node_kind::negate;
            made.parts.push_back(parse_signed());
        } else if (accept("+")) {
            made = parse_signed();
        } else {
            made = parse_term();
        }
        --depth_;
        return made;
    }

    expression_node parse_term() {
        auto const& word = words_.now();
        if (accept("(")) {
            auto inner = parse_either();
            expect(")");
            return inner;
        }
        if (word.kind == token_kind::number) {
            expression_node made;
            made.offset = word.offset;
            made.number = word.number;
            words_.advance();
            return made;
        }
        if (word.kind == token_kind::name) {
            return parse_named();
        }
        if (is_symbol("{")) {
            refuse("the name of a metric is missing before '{'");
        }
        refuse("a metric, a function or a number is missing here");
    }

    expression_node parse_named() {
        std::string const name{words_.now().source};
        auto const offset = words_.now().offset;
        words_.advance();
        bool const is_called = is_symbol("(");
        if (auto const how = aggregation_of(name); how && (is_called || is_word("by") || is_word("without"))) {
            return parse_aggregate(*how, offset);
        }
        if (is_called && name == "absent") {
            return parse_absent(offset);
        }
        if (is_called) {
            return parse_window(name, offset);
        }
        auto made = parse_selector(name, offset);
        if (is_symbol("[")) {
            refuse("a window is only taken within rate, increase, avg_over_time, min_over_time, max_over_time or "
                   "predict_linear");
        }
        return made;
    }

    expression_node parse_selector(std::string name, std::size_t offset) {
        expression_node made;
        made.kind = node_kind::selector;
        made.offset = offset;
        made.metric = std::move(name);
        if (accept("{")) {
            while (!is_symbol("}")) {
                made.matchers.push_back(parse_matcher());
                if (!is_symbol("}")) {
                    expect(",");
                }
            }
            words_.advance();
        }
        if (is_word("offset")) {
            refuse("'offset' is not known here: rules see the present");
        }
        return made;
    }

    label_matcher parse_matcher() {
        auto name = parse_label_name();
        match_kind kind = match_kind::equal;
        for (auto const each :
             {match_kind::equal, match_kind::not_equal, match_kind::pattern, match_kind::not_pattern}) {
            kind = is_symbol(to_string(each)) ? each : kind;
        }
        if (!is_symbol(to_string(kind))) {
            refuse("'=', '!=', '=~' or '!~' is missing here");
        }
        words_.advance();
        if (words_.now().kind != token_kind::text) {
            refuse("a label's value is a text in quotes");
        }
        auto const offset = words_.now().offset;
        std::string value = words_.now().text;
        words_.advance();
        try {
            return {std::move(name), kind, std::move(value)};
        } catch (std::invalid_argument const& problem) {
            throw syntax_error{offset, problem.what()};
        }
    }

    std::string parse_label_name() {
        if (words_.now().kind != token_kind::name || !is_label_name(words_.now().source)) {
            refuse("the name of a label is missing here");
        }
        if (words_.now().source == "__name__") {
            refuse("'__name__' is not known here: name the metric itself");
        }
        std::string name{words_.now().source};
        words_.advance();
        return name;
    }

    std::vector<std::string> parse_label_names() {
        std::vector<std::string> made;
        expect("(");
        while (!is_symbol(")")) {
            made.push_back(parse_label_name());
            if (!is_symbol(")")) {
                expect(",");
            }
        }
        words_.advance();
        std::sort(made.begin(), made.end());
        return made;
    }

    static std::optional<aggregation> aggregation_of(std::string_view name) noexcept {
        constexpr std::pair<std::string_view, aggregation> known[] = {{"sum", aggregation::sum},
                                                                      {"avg", aggregation::average},
                                                                      {"min", aggregation::minimum},
                                                                      {"max", aggregation::maximum},
                                                                      {"count", aggregation::count}};
        for (auto const& [text, how] : known) {
            if (text == name) {
                return how;
            }
        }
        return std::nullopt;
    }

    /// The labels may stand before or behind what is aggregated.
    expression_node parse_aggregate(aggregation how, std::size_t offset) {
        expression_node made;
        made.kind = node_kind::aggregate;
        made.how = how;
        made.offset = offset;
        auto const parse_grouping = [&] {
            if (is_word("by") || is_word("without")) {
                made.choice = is_word("by") ? label_choice::listed : label_choice::not_listed;
                words_.advance();
                made.labels = parse_label_names();
            }
        };
        parse_grouping();
        expect("(");
        made.parts.push_back(parse_vector());
        expect(")");
        if (made.choice == label_choice::all) {
            parse_grouping();
        }
        return made;
    }

    expression_node parse_vector() {
        auto made = parse_either();
        if (made.is_scalar()) {
            throw syntax_error{made.offset, "a metric is expected here, not a number"};
        }
        return made;
    }

    expression_node parse_absent(std::size_t offset) {
        expression_node made;
        made.kind = node_kind::absent;
        made.offset = offset;
        expect("(");
        made.parts.push_back(parse_vector());
        expect(")");
        return made;
    }

    expression_node parse_window(std::string_view name, std::size_t offset) {
        constexpr std::pair<std::string_view, window_function> known[] = {{"rate", window_function::rate},
                                                                          {"increase", window_function::increase},
                                                                          {"avg_over_time", window_function::average},
                                                                          {"min_over_time", window_function::minimum},
                                                                          {"max_over_time", window_function::maximum},
                                                                          {"predict_linear", window_function::predict}};
        auto const at =
            std::find_if(std::begin(known), std::end(known), [&](auto const& each) { return each.first == name; });
        if (at == std::end(known)) {
            throw syntax_error{offset,
                               "the function '" + std::string{name} +
                                   "' is not known here; rate, increase, avg_over_time, min_over_time, max_over_time, "
                                   "predict_linear, absent, sum, avg, min, max and count are"};
        }
        expect("(");
        if (words_.now().kind != token_kind::name) {
            refuse("the name of a metric is missing here");
        }
        std::string metric{words_.now().source};
        words_.advance();
        auto made = parse_selector(std::move(metric), offset);
        made.kind = node_kind::window;
        made.function = at->second;
        expect("[");
        if (words_.now().kind != token_kind::duration || words_.now().duration.count() == 0) {
            refuse("a window is a duration such as 5m");
        }
        made.window = words_.now().duration;
        words_.advance();
        expect("]");
        if (made.function == window_function::predict) {
            expect(",");
            auto const ahead = parse_sum();
            if (!ahead.is_scalar()) {
                throw syntax_error{ahead.offset, "seconds ahead are a number"};
            }
            made.number = value_of_scalar(ahead);
        }
        expect(")");
        return made;
    }

  public:
    /// What a number, or numbers with operators between them, come to.
    static double value_of_scalar(expression_node const& of) {
        if (of.kind == node_kind::number) {
            return of.number;
        }
        if (of.kind == node_kind::negate) {
            return -value_of_scalar(of.parts[0]);
        }
        double const a = value_of_scalar(of.parts[0]);
        double const b = value_of_scalar(of.parts[1]);
        return of.op == operation::add        ? a + b
               : of.op == operation::subtract ? a - b
               : of.op == operation::multiply ? a * b
                                              : a / b;
    }

  private:
    expression_lexer words_;
    std::size_t depth_ = 0;
    std::size_t operators_ = 0;
};

} // namespace orfeas::inline v0::alert::detail
