/* A game: a ball, a bat that the mouse or the arrow keys move, and bricks. */
#include "screen.h"

#define FIELD_X 100
#define FIELD_Y (CONTENT_Y + 4)
#define FIELD_W 600
#define FIELD_H 420
#define COLUMNS 12
#define ROWS 6
#define BRICK_W 48
#define BRICK_H 16
#define BRICKS_X (FIELD_X + 12)
#define BRICKS_Y (FIELD_Y + 40)
#define BAT_W 84
#define BAT_H 9
#define BAT_Y (FIELD_Y + FIELD_H - 20)
#define BAT_STEP 8
#define BALL 9
#define FRACTION 8              /* the ball moves in 1/256 pixels */
#define STEP_TICKS 1
#define BALLS 3

static const u8 row_colours[ROWS] = { C_FAIL, C_ORANGE, C_YELLOW, C_PASS, C_SKY, C_PURPLE };
static u8 bricks[ROWS][COLUMNS];
static u32 left, score, balls, playing, best;
static s32 bat, ball_x, ball_y, dx, dy, shown_x, shown_y, bat_moves;

static s32 ball_px(void) { return ball_x >> FRACTION; }
static s32 ball_py(void) { return ball_y >> FRACTION; }

static void brick(u32 r, u32 c)
{
    s32 x = BRICKS_X + c * BRICK_W, y = BRICKS_Y + r * BRICK_H;
    fill(x, y, BRICK_W - 2, BRICK_H - 2, bricks[r][c] ? row_colours[r] : C_CANVAS);
}

static void scores(void)
{
    ground(FIELD_X + FIELD_W + 8, FIELD_Y, 800 - FIELD_X - FIELD_W - 8, 130);
    draw_text(FIELD_X + FIELD_W + 14, FIELD_Y, font14, C_DIM, "Score");
    draw_format(FIELD_X + FIELD_W + 14, FIELD_Y + 16, font16, C_INK, "%u", score);
    draw_text(FIELD_X + FIELD_W + 14, FIELD_Y + 44, font14, C_DIM, "Balls");
    draw_format(FIELD_X + FIELD_W + 14, FIELD_Y + 60, font16, C_INK, "%u", balls);
    draw_text(FIELD_X + FIELD_W + 14, FIELD_Y + 88, font14, C_DIM, "Best");
    draw_format(FIELD_X + FIELD_W + 14, FIELD_Y + 104, font16, C_YELLOW, "%u", best);
}

static void draw_bat(s32 x, u32 colour) { fill(x, BAT_Y, BAT_W, BAT_H, colour); }

static void move_bat(s32 x)
{
    x = x < FIELD_X ? FIELD_X : x > FIELD_X + FIELD_W - BAT_W ? FIELD_X + FIELD_W - BAT_W : x;
    if (x == bat)
        return;
    draw_bat(bat, C_CANVAS);
    bat = x;
    draw_bat(bat, C_INK);
}

static void show_ball(void)
{
    if (shown_x == ball_px() && shown_y == ball_py())
        return;
    if (shown_x)
        fill(shown_x, shown_y, BALL, BALL, C_CANVAS);
    shown_x = ball_px();
    shown_y = ball_py();
    fill(shown_x + 1, shown_y, BALL - 2, BALL, C_WHITE);
    fill(shown_x, shown_y + 1, BALL, BALL - 2, C_WHITE);
}

static void serve(void)
{
    playing = 0;
    dx = dy = 0;
    ui_info("Click or press Space to serve.  The mouse or the arrow keys move the bat.");
}

static void fresh(void)
{
    memset(bricks, 1, sizeof bricks);
    left = ROWS * COLUMNS;
    score = 0;
    balls = BALLS;
    bat = FIELD_X + (FIELD_W - BAT_W) / 2;
    serve();
}

static void draw(void)
{
    if (!left || !balls)
        fresh();
    fill(FIELD_X - 4, FIELD_Y - 4, FIELD_W + 8, FIELD_H + 4, C_EDGE);
    fill(FIELD_X, FIELD_Y, FIELD_W, FIELD_H, C_CANVAS);
    for (u32 r = 0; r < ROWS; r++)
        for (u32 c = 0; c < COLUMNS; c++)
            if (bricks[r][c])
                brick(r, c);
    draw_bat(bat, C_INK);
    scores();
    shown_x = 0;
    serve();
}

static void go(void)
{
    if (playing)
        return;
    if (!left || !balls) {
        fresh();
        draw();
        return;
    }
    playing = 1;
    dx = 330 + (ticks & 127);
    dy = -760;
    if (ticks & 128)
        dx = -dx;
    ui_info("");
}

/* The brick under the ball's middle, if there is one, goes. */
static int hit(void)
{
    s32 c = (ball_px() + BALL / 2 - BRICKS_X) / BRICK_W, r = (ball_py() + BALL / 2 - BRICKS_Y) / BRICK_H;
    if (ball_px() + BALL / 2 < BRICKS_X || ball_py() + BALL / 2 < BRICKS_Y || c >= COLUMNS || r >= ROWS || !bricks[r][c])
        return 0;
    bricks[r][c] = 0;
    brick(r, c);
    left--;
    score += (ROWS - r) * 10;
    if (score > best)
        best = score;
    scores();
    tone(440 + (ROWS - r) * 80, 3);
    return 1;
}

static void step(void)
{
    ball_x += dx;
    ball_y += dy;
    if (ball_px() <= FIELD_X || ball_px() >= FIELD_X + FIELD_W - BALL) {
        ball_x = (ball_px() <= FIELD_X ? FIELD_X + 1 : FIELD_X + FIELD_W - BALL - 1) << FRACTION;
        dx = -dx;
        tone(220, 1);
    }
    if (ball_py() <= FIELD_Y) {
        ball_y = (FIELD_Y + 1) << FRACTION;
        dy = -dy;
        tone(220, 1);
    }
    if (hit())
        dy = -dy;
    if (dy > 0 && ball_py() + BALL >= BAT_Y && ball_py() < BAT_Y + BAT_H && ball_px() + BALL > bat && ball_px() < bat + BAT_W) {
        s32 off = ball_px() + BALL / 2 - bat - BAT_W / 2;
        dy = -dy;
        dx = off * 20;
        ball_y = (BAT_Y - BALL - 1) << FRACTION;
        tone(330, 2);
        draw_bat(bat, C_INK);
    }
    if (ball_py() > FIELD_Y + FIELD_H - BALL - 1) {
        ball_y = (FIELD_Y + FIELD_H - BALL - 1) << FRACTION;
        show_ball();
        balls--;
        tone(110, 30);
        scores();
        serve();
        if (!balls)
            ui_info("The last ball is gone.  Click or press Space for a new game.");
    } else if (!left) {
        serve();
        ui_info("All bricks are gone: well played.  Click or press Space for a new game.");
    }
}

static void tick(void)
{
    if (bat_moves)
        move_bat(bat + bat_moves * BAT_STEP);
    if (playing)
        step();
    if (!playing && balls) {
        ball_x = (bat + BAT_W / 2 - BALL / 2) << FRACTION;
        ball_y = (BAT_Y - BALL - 1) << FRACTION;
    }
    show_ball();
}

static void key(u32 code, char letter)
{
    u32 plain = code & ~0x80u, is_down = !(code & 0x80);
    if (plain == 0x14B || plain == 0x14D)
        bat_moves = is_down ? (plain == 0x14B ? -1 : 1) : 0;
    if (letter == ' ')
        go();
}

static void point_(const struct pointer *p)
{
    if (p->moved)
        move_bat(p->x - BAT_W / 2);
    if (p->pressed & B_LEFT)
        go();
}

const struct page page_bricks = { "F7 Bricks", draw, tick, key, point_, NULL };
