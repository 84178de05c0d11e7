// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/svg_writer.hpp>

#include <string>

using orfeas::svg_writer;

namespace {

/// What stands between the picture's own tags.
template<class Draw>
std::string drawn(Draw draw) {
    svg_writer svg{100, 50.25};
    draw(svg);
    auto const text = svg.finish();
    auto const begin = text.find('\n') + 1;
    REQUIRE(text.starts_with(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50.3")"));
    REQUIRE(text.ends_with("</svg>\n"));
    return text.substr(begin, text.size() - begin - 7);
}

} // namespace

TEST_CASE("core: elements of a picture are written with their attributes") {
    CHECK(drawn([](svg_writer& svg) { svg.begin("rect").attribute("x", -1.04).attribute("fill", "red").close(); }) ==
          "<rect x=\"-1\" fill=\"red\"/>\n");
    CHECK(drawn([](svg_writer& svg) {
              svg.begin_points("polyline", "points");
              svg.point(1, 2.5);
              svg.point(3, 4);
              svg.end_points().close();
          }) == "<polyline points=\"1,2.5 3,4 \"/>\n");
    CHECK(drawn([](svg_writer& svg) { svg.label(1, 2, "hi", "end"); }) ==
          "<text x=\"1\" y=\"2\" text-anchor=\"end\">hi</text>\n");
}

TEST_CASE("core: what is not markup is escaped, and what XML cannot hold replaced") {
    CHECK(drawn([](svg_writer& svg) { svg.begin("text").open().content("<a & \"b\">").end("text"); }) ==
          "<text>&lt;a &amp; &quot;b&quot;&gt;</text>\n");
    CHECK(drawn([](svg_writer& svg) { svg.begin("g").attribute("id", "\x01\xFF").close(); }) ==
          "<g id=\"\xEF\xBF\xBD\xEF\xBF\xBD\"/>\n");
}
